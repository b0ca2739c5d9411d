#include "lev/testing/co_program.h"

#include <signal.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/net/co_connection.h"
#include "lev/net/co_net.h"
#include "lev/net/connection.h"
#include "lev/proc/child.h"
#include "lev/proc/co_proc.h"
#include "lev/proc/process_calls.h"
#include "lev/proc/signal_source.h"
#include "lev/proc/spawn.h"
#include "lev/task/co.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_verbs.h"
#include "lev/testing/memory_processes.h"
#include "lev/testing/test_world.h"

namespace lev {
namespace {

class CoProgramTest : public ::testing::Test {
 protected:
  static SpawnOptions Command(std::vector<std::string> words) {
    SpawnOptions options;
    options.program = words[0];
    options.argv = std::move(words);
    return options;
  }

  // Until it ends: what it said, or why it was cut short.
  std::string Capture(std::vector<std::string> words, RunOptions options = {}) {
    auto task = Spawn(world_.root(), "main", [&]() -> Co<std::string> {
      auto captured =
          co_await RunAndCapture(net_, Command(words), options, calls_);
      if (!captured.ok()) co_return std::string(captured.status().message());
      co_return captured->output + captured->errors +
          std::to_string(captured->status.code) + "/" +
          std::to_string(captured->status.signal);
    });
    EXPECT_EQ(world_.Run(), absl::OkStatus());
    return task.TakeOutcome().value();
  }

  TestWorld world_;
  NetContext net_{world_.loop(), {}, world_.host()};
  ProcessCalls& calls_ = world_.host().processes().own();
};

TEST_F(CoProgramTest, AProgramReadsAndWritesAndEndsWithACode) {
  SetProgram(world_.host(), "shout", world_.root(),
             [](ScriptedProcess& process) -> Co<int> {
               auto line = co_await RecvUntil(process.input(), "\n", 100);
               const std::string text =
                   absl::StrJoin(process.args(), " ") + *line;
               static_cast<void>(co_await Send(process.output(), text));
               static_cast<void>(co_await Send(process.errors(), "!"));
               co_return 3;
             });
  EXPECT_EQ(Capture({"shout", "a", "b"}, {.input = "c\n"}), "a bc\n!3/0");
}

TEST_F(CoProgramTest, OneThatDoesNotEndIsTerminated) {
  SetProgram(world_.host(), "sleep", world_.root(),
             [](ScriptedProcess&) -> Co<int> {
               (co_await Sleep(1000 * kSecond)).IgnoreError();
               co_return 0;
             });
  EXPECT_EQ(Capture({"sleep"}, {.timeout = 5 * kSecond}), "timeout");
  EXPECT_EQ(world_.now(), 5 * kSecond);
}

TEST_F(CoProgramTest, WhoTakesTheSignalIsKilledAfterTheGrace) {
  int came = 0;
  SetProgram(world_.host(), "stubborn", world_.root(),
             [&](ScriptedProcess& process) -> Co<int> {
               SignalSource source(world_.loop(), process.calls());
               EXPECT_TRUE(source.Add(SIGTERM).ok());
               for (;;) {
                 absl::StatusOr<int> signal = co_await Receive(source);
                 if (!signal.ok()) co_return 1;
                 ++came;
               }
             });
  EXPECT_EQ(Capture({"stubborn"}, {.timeout = kSecond, .grace = 2 * kSecond}),
            "timeout");
  EXPECT_EQ(world_.now(), 3 * kSecond);
  EXPECT_EQ(came, 1);
}

TEST_F(CoProgramTest, ATaskThatIsAbortedIsAProcessThatIsKilled) {
  SetProgram(world_.host(), "idle", world_.root(),
             [](ScriptedProcess&) -> Co<int> { co_return 0; });
  auto spawned = Spawn(Command({"idle"}), calls_);
  ASSERT_TRUE(spawned.ok());
  world_.root().AbortAll();
  Child child(world_.loop(), *std::move(spawned));
  ExitStatus status;
  EXPECT_TRUE(child.Wait(status).done());
  EXPECT_EQ(status.signal, SIGKILL);
}

TEST_F(CoProgramTest, ASignalToTheHostComesToWhoTakesIt) {
  auto task = Spawn(world_.root(), "main", [&]() -> Co<int> {
    SignalSource source(world_.loop(), calls_);
    EXPECT_TRUE(source.Add(SIGTERM).ok());
    absl::StatusOr<int> signal = co_await Receive(source);
    co_return *signal;
  });
  world_.Settle();
  world_.host().Signal(SIGTERM);
  EXPECT_EQ(world_.Run(), absl::OkStatus());
  EXPECT_EQ(task.TakeOutcome().value(), SIGTERM);
}

TEST_F(CoProgramTest, ChildrenAndSignalsThatAreLeftAreTold) {
  SetProgram(world_.host(), "idle", world_.root(),
             [](ScriptedProcess&) -> Co<int> { co_return 0; });
  auto spawned = Spawn(Command({"idle"}), calls_);
  SignalSource source(world_.loop(), calls_);
  ASSERT_TRUE(source.Add(SIGTERM).ok());
  EXPECT_TRUE(
      absl::EndsWith(world_.Run().message(),
                     " on main: signals\n"
                     "  child 2 on main (idle), which nobody has waited for\n"
                     "  signals still taken on main: 1"));
}

TEST_F(CoProgramTest, ACrashOfTheHostEndsItsProcesses) {
  SetProgram(world_.host(), "sleep", world_.root(),
             [](ScriptedProcess&) -> Co<int> {
               (co_await Sleep(1000 * kSecond)).IgnoreError();
               co_return 0;
             });
  auto spawned = Spawn(Command({"sleep"}), calls_);
  ASSERT_TRUE(spawned.ok());
  Child child(world_.loop(), *std::move(spawned));
  EXPECT_FALSE(child.IsStranded());
  world_.Settle();
  world_.host().Crash();
  EXPECT_TRUE(child.IsStranded());
  EXPECT_EQ(world_.Run(), absl::OkStatus());
  EXPECT_EQ(world_.now(), 0);
}

}  // namespace
}  // namespace lev
