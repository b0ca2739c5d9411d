#include "lev/proc/process_calls.h"

#include <errno.h>
#include <sys/wait.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/net/owned_fd.h"
#include "lev/proc/child.h"
#include "lev/proc/pty.h"
#include "lev/proc/signal_source.h"
#include "lev/proc/spawn.h"
#include "lev/proc/stdio.h"
#include "tests/support/programs.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

using ::testing::ElementsAre;

// Notes which calls are made, and does nothing. Its descriptors are pipes.
class NotedCalls final : public ProcessCalls {
 public:
  SocketCalls& descriptors() override { return KernelSockets(); }
  absl::StatusOr<Spawned> Spawn(const SpawnOptions&) override {
    Note("spawn", 0);
    Spawned spawned;
    spawned.pid = 2;
    spawned.leads_group = true;
    spawned.calls = this;
    spawned.pidfd = OwnedFd(OpenPipeFromChild()->ours.Release());
    return spawned;
  }
  int WaitId(int, siginfo_t& info, int options) override {
    info.si_pid = ended ? 2 : 0;
    info.si_code = CLD_EXITED;
    info.si_status = 3;
    return Note((options & WNOWAIT) != 0 ? "look" : "waitid", 0);
  }
  void AwaitEnd(int, int) override { Note("poll", 0); }
  int SendSignal(int, int) override { return Note("kill", 0); }
  int SendGroupSignal(pid_t, int) override { return Note("killpg", 0); }
  int OpenPipe(int*, int) override {
    errno = EMFILE;
    return Note("pipe2", -1);
  }
  absl::StatusOr<Pty> OpenPty(WindowSize) override {
    return ErrnoError(ENOSYS);
  }
  int SignalFd(int fd, const sigset_t&) override {
    Note("signalfd", 0);
    return fd < 0 ? OpenPipeFromChild()->ours.Release() : fd;
  }
  int ReadSignal(int) override { return Note("read", SIGTERM); }
  int TakePending(const sigset_t&) override {
    errno = EAGAIN;
    return Note("sigtimedwait", -1);
  }
  void SetMask(int how, const sigset_t&, sigset_t* before) override {
    if (before != nullptr) sigemptyset(before);
    Note(how == SIG_BLOCK ? "block" : "unblock", 0);
  }

  bool ended = false;
  std::vector<std::string> names;

 private:
  int Note(const char* name, int result) {
    names.emplace_back(name);
    return result;
  }
};

class ProcessCallsTest : public ::testing::Test {
 protected:
  RealWorld world_;
  NotedCalls calls_;
};

TEST_F(ProcessCallsTest, AChildIsAskedOfWhereItWasStarted) {
  absl::StatusOr<Spawned> spawned = Spawn(Command({"x"}), calls_);
  ASSERT_TRUE(spawned.ok());
  Child child(world_.loop(), *std::move(spawned));
  ExitStatus status;
  EXPECT_TRUE(child.Wait(status).blocked());
  EXPECT_TRUE(child.Kill(SIGTERM).ok());
  EXPECT_TRUE(child.KillAlone(SIGTERM).ok());
  EXPECT_FALSE(child.HasEnded());
  calls_.ended = true;
  EXPECT_TRUE(child.Wait(status).done());
  EXPECT_EQ(status.code, 3);
  EXPECT_THAT(calls_.names, ElementsAre("spawn", "waitid", "killpg", "kill",
                                        "look", "waitid"));
}

TEST_F(ProcessCallsTest, AChildThatIsNotWaitedForIsKilledThere) {
  absl::StatusOr<Spawned> spawned = Spawn(Command({"x"}), calls_);
  ASSERT_TRUE(spawned.ok());
  Child(world_.loop(), *std::move(spawned)).Close();
  EXPECT_THAT(calls_.names, ElementsAre("spawn", "killpg", "waitid", "kill",
                                        "poll", "waitid"));
}

TEST_F(ProcessCallsTest, WhatIsNoTextIsNotStarted) {
  const auto spawned = Spawn(Command({std::string("a\0b", 3)}), calls_);
  EXPECT_FALSE(spawned.ok());
  EXPECT_THAT(calls_.names, ElementsAre());
}

TEST_F(ProcessCallsTest, SignalsAreTakenAndGivenBackThere) {
  auto source = std::make_unique<SignalSource>(world_.loop(), calls_);
  ASSERT_TRUE(source->Add(SIGTERM).ok());
  int signal = 0;
  EXPECT_TRUE(source->Receive(signal).done());
  EXPECT_EQ(signal, SIGTERM);
  source.reset();
  EXPECT_THAT(calls_.names, ElementsAre("signalfd", "block", "read",
                                        "sigtimedwait", "unblock"));
}

TEST_F(ProcessCallsTest, PipesAreMadeThere) {
  EXPECT_EQ(OpenPipeToChild(calls_).status(), ErrnoError(EMFILE));
  EXPECT_EQ(OpenPipeFromChild(calls_).status(), ErrnoError(EMFILE));
  EXPECT_THAT(calls_.names, ElementsAre("pipe2", "pipe2"));
}

TEST_F(ProcessCallsTest, TheKernelsAreTheDefault) {
  EXPECT_EQ(Spawned().calls, &KernelProcesses());
  EXPECT_EQ(&KernelProcesses().descriptors(), &KernelSockets());
}

}  // namespace
}  // namespace lev
