#include "lev/proc/co_proc.h"

#include <signal.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lev/net/co_net.h"
#include "lev/task/co.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_when.h"
#include "lev/task/task_error.h"
#include "tests/support/co_real_world.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

SpawnOptions Shell(const std::string& script) {
  SpawnOptions program;
  program.program = "/bin/sh";
  program.argv = {"sh", "-c", script};
  return program;
}

class CoProcTest : public CoRealWorld {
 protected:
  ~CoProcTest() override { EXPECT_EQ(CountOpenFds(), before_); }

  const size_t before_ = CountOpenFds();
  NetContext net_{loop_};
};

TEST_F(CoProcTest, AChildsEndIsAwaited) {
  auto main = [this]() -> Co<int> {
    Child child(loop_, *Spawn(Shell("exit 7")));
    absl::StatusOr<ExitStatus> status = co_await Wait(child);
    co_return status->code;
  };
  EXPECT_EQ(Result(main).value(), 7);
}

TEST_F(CoProcTest, WaitingHasATimeout) {
  auto main = [this]() -> Co<absl::Status> {
    Child child(loop_, *Spawn(Shell("sleep 30")));
    absl::StatusOr<ExitStatus> status =
        co_await Wait(child, {.timeout = kMillisecond});
    co_return status.status();
  };
  EXPECT_EQ(Result(main), TimedOutError());
}

TEST_F(CoProcTest, ASignalIsReceived) {
  SignalSource source(loop_);
  ASSERT_TRUE(source.Add(SIGUSR1).ok());
  auto main = [&]() -> Co<int> {
    raise(SIGUSR1);
    absl::StatusOr<int> signal = co_await Receive(source);
    co_return *signal;
  };
  EXPECT_EQ(Result(main).value(), SIGUSR1);
}

TEST_F(CoProcTest, AProgramIsRunToItsEnd) {
  auto main = [this]() -> Co<> {
    absl::StatusOr<Captured> captured = co_await RunAndCapture(
        net_, Shell("tr a-z A-Z; echo oops >&2; exit 3"), {.input = "hello"});
    EXPECT_EQ(captured->output, "HELLO");
    EXPECT_EQ(captured->errors, "oops\n");
    EXPECT_EQ(captured->status.code, 3);
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CoProcTest, AProgramThatIsNotThereIsAnError) {
  auto main = [this]() -> Co<absl::Status> {
    SpawnOptions program;
    program.program = "/no/such/program";
    program.argv = {"program"};
    absl::StatusOr<Captured> captured = co_await RunAndCapture(net_, program);
    co_return captured.status();
  };
  EXPECT_EQ(Result(main).message(), "No such file or directory");
}

TEST_F(CoProcTest, AProgramThatTakesTooLongIsTerminated) {
  auto main = [this]() -> Co<absl::Status> {
    absl::StatusOr<Captured> captured = co_await RunAndCapture(
        net_, Shell("exec sleep 30"), {.timeout = 10 * kMillisecond});
    co_return captured.status();
  };
  EXPECT_EQ(Result(main).message(), "timeout");
}

TEST_F(CoProcTest, ACancellationTerminatesTheProgramAndSaysWhy) {
  auto run = [this]() -> Co<absl::Status> {
    absl::StatusOr<Captured> captured =
        co_await RunAndCapture(net_, Shell("exec sleep 30"));
    co_return captured.status();
  };
  auto main = [&]() -> Co<> {
    CoScope scope(co_await CurrentTask(), {}, false);
    auto running = Spawn(scope, "run", run);
    (co_await Yield()).IgnoreError();
    running.Cancel("not needed");
    absl::Status status = co_await running.Join();
    EXPECT_EQ(ReasonOf(status), "not needed");
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CoProcTest, AnAbortLeavesNoChild) {
  auto main = [this]() -> Co<> {
    CoScope scope(co_await CurrentTask(), {}, false);
    auto running = Spawn(scope, "run", [this] {
      return RunAndCapture(net_, Shell("exec sleep 30"));
    });
    (co_await Yield()).IgnoreError();
    running.Abort();
    EXPECT_EQ(running.task().status(), Task::Status::kAborted);
  };
  EXPECT_TRUE(Result(main).ok());
}

}  // namespace
}  // namespace lev
