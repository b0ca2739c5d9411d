#include "lev/proc/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lev/net/connection.h"
#include "lev/net/error.h"
#include "lev/proc/stdio.h"
#include "tests/support/descriptors.h"
#include "tests/support/programs.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

class ChildTest : public ::testing::Test {
 protected:
  ~ChildTest() override {
    children_.clear();
    EXPECT_EQ(CountChildren(), 0) << "a child is left";
  }

  Child& Start(const SpawnOptions& options) {
    children_.push_back(
        std::make_unique<Child>(world_.loop(), *Spawn(options)));
    return *children_.back();
  }

  // A player who waits for the child, and then has its status.
  Player& Await(Child& child, ExitStatus& status) {
    return world_.NewPlayer().Do(
        [&child, &status](bool) { return child.Wait(status); });
  }

  RealWorld world_;
  std::vector<std::unique_ptr<Child>> children_;
};

// Kills first, then waits.
Step KillAndWait(Child& child, int signal, bool retry, ExitStatus& status) {
  if (!retry && !child.Kill(signal).ok()) return Step::Failed();
  return child.Wait(status);
}

TEST_F(ChildTest, TheExitCodeIsWaitedFor) {
  Child& child = Start(Shell("sleep 0.05; exit 7"));
  ExitStatus status;
  Player& player = Await(child, status);
  world_.Run();
  EXPECT_FALSE(player.failed());
  EXPECT_EQ(status.code, 7);
  EXPECT_EQ(status.signal, 0);
}

TEST_F(ChildTest, TheSignalThatKilledItIsTold) {
  Child& child = Start(Command({"/bin/sleep", "60"}));
  ExitStatus status;
  world_.NewPlayer().Do(
      [&](bool retry) { return KillAndWait(child, SIGTERM, retry, status); });
  world_.Run();
  EXPECT_EQ(status.signal, SIGTERM);
}

TEST_F(ChildTest, EverybodyWhoWaitsIsToldAndSoIsWhoAsksLater) {
  Child& child = Start(Shell("sleep 0.05; exit 3"));
  ExitStatus status[4];
  for (int i = 0; i < 3; ++i) Await(child, status[i]);
  world_.Run();
  Await(child, status[3]);
  world_.Run();
  for (const ExitStatus& each : status) EXPECT_EQ(each.code, 3);
}

TEST_F(ChildTest, ToBeStoppedIsNotToEnd) {
  Child& child = Start(Command({"/bin/sleep", "60"}));
  ExitStatus status;
  Player& waiting = Await(child, status);
  bool ended_when_stopped = true;
  world_.NewPlayer()
      .Call([&] { EXPECT_TRUE(child.Kill(SIGSTOP).ok()); })
      .Sleep(50 * kMillisecond)
      .Call([&] {
        ended_when_stopped = waiting.ended();
        EXPECT_TRUE(child.Kill(SIGKILL).ok());
      });
  world_.Run();
  EXPECT_FALSE(ended_when_stopped);
  EXPECT_EQ(status.signal, SIGKILL);
}

TEST_F(ChildTest, WhoWasWaitedForCannotBeKilled) {
  Child& child = Start(Shell("exit 0"));
  ExitStatus status;
  Await(child, status);
  world_.Run();
  EXPECT_EQ(ErrnoOf(child.Kill(SIGTERM)), ESRCH);
}

TEST_F(ChildTest, ASignalThatIsNoneIsAnError) {
  Child& child = Start(Command({"/bin/sleep", "60"}));
  EXPECT_EQ(ErrnoOf(child.Kill(1000)), EINVAL);
  EXPECT_TRUE(child.Kill(0).ok());
}

TEST_F(ChildTest, CloseKillsAndReaps) {
  const size_t fds = CountOpenFds();
  Child& child = Start(Command({"/bin/sleep", "60"}));
  EXPECT_TRUE(IsAlive(child.pid()));
  child.Close();
  child.Close();
  EXPECT_FALSE(IsAlive(child.pid()));
  EXPECT_EQ(CountChildren(), 0);
  EXPECT_EQ(CountOpenFds(), fds);
  ExitStatus status;
  EXPECT_TRUE(child.Wait(status).done());
  EXPECT_EQ(status.signal, SIGKILL);
}

TEST_F(ChildTest, CloseReapsWhoHasEndedAndWasNotWaitedFor) {
  Child& child = Start(Shell("exit 5"));
  EXPECT_TRUE(AwaitPoll(child.pidfd(), POLLIN));
  EXPECT_EQ(CountChildren(), 1);
  child.Close();
  EXPECT_EQ(CountChildren(), 0);
  ExitStatus status;
  EXPECT_TRUE(child.Wait(status).done());
  EXPECT_EQ(status.code, 5);
}

TEST_F(ChildTest, CloseWakesWhoWaits) {
  Child& child = Start(Command({"/bin/sleep", "60"}));
  ExitStatus status;
  Await(child, status);
  world_.NewPlayer().Sleep(kMillisecond).Call([&] { child.Close(); });
  world_.Run();
  EXPECT_EQ(status.signal, SIGKILL);
}

TEST_F(ChildTest, ItsGroupIsKilledWithIt) {
  Pipe pipe = *OpenPipeFromChild();
  SpawnOptions options = Shell("sleep 60 & wait");
  options.new_group = true;
  options.stdio[1] = pipe.childs.get();
  Child& child = Start(options);
  pipe.childs.Close();
  Connection reading(world_.loop(), std::move(pipe.ours), world_.scratch(),
                     FdStream::Kind::kPipe);
  std::string text;
  // Ends only when the grandchild, who holds the pipe, too, is gone.
  world_.NewPlayer()
      .Sleep(20 * kMillisecond)
      .Call([&] { child.Close(); })
      .RecvAll(reading, text);
  world_.Run();
  EXPECT_EQ(text, "");
}

TEST_F(ChildTest, ForeignChildrenAreLeftAlone) {
  const pid_t foreign = fork();
  if (foreign == 0) _exit(9);
  Child& child = Start(Shell("sleep 0.05; exit 1"));
  ExitStatus status;
  Await(child, status);
  world_.Run();
  Start(Command({"/bin/sleep", "60"})).Close();
  int foreign_status = 0;
  EXPECT_EQ(waitpid(foreign, &foreign_status, 0), foreign);
  EXPECT_EQ(WEXITSTATUS(foreign_status), 9);
}

TEST_F(ChildTest, AChildThatSomebodyElseHasReapedIsAnError) {
  Child& child = Start(Shell("exit 0"));
  EXPECT_EQ(waitpid(child.pid(), nullptr, 0), child.pid());
  ExitStatus status;
  Player& player = Await(child, status);
  world_.Run();
  EXPECT_TRUE(player.failed());
  EXPECT_EQ(child.error().message(), "No child processes");
}

TEST_F(ChildTest, IgnoringSigchldLosesTheStatusButDoesNotHang) {
  signal(SIGCHLD, SIG_IGN);
  Child& child = Start(Shell("sleep 0.05"));
  ExitStatus status;
  Player& player = Await(child, status);
  world_.Run();
  signal(SIGCHLD, SIG_DFL);
  EXPECT_TRUE(player.failed());
  EXPECT_EQ(ErrnoOf(child.error()), ECHILD);
}

TEST_F(ChildTest, TwoHundredRunAtOnceAndNothingIsLeft) {
  const size_t fds = CountOpenFds();
  std::vector<ExitStatus> status(200);
  for (int i = 0; i < 200; ++i) {
    Await(Start(Shell("exit " + std::to_string(i))), status[i]);
  }
  world_.Run();
  children_.clear();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(status[i].code, i);
  EXPECT_EQ(CountOpenFds(), fds);
  EXPECT_EQ(CountPolledFds(), 0U);
}

}  // namespace
}  // namespace lev
