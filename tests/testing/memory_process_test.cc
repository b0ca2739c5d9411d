// Processes as the calls of lev/proc see them.
// Tests lev/testing/memory_process_signals.cc and
// lev/testing/memory_processes.cc, too.

#include "lev/testing/memory_process.h"

#include <errno.h>
#include <sys/wait.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/net/owned_fd.h"
#include "lev/proc/spawn.h"
#include "lev/proc/stdio.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_processes.h"
#include "tests/testing/memory_world.h"

namespace lev {
namespace {

using ::testing::ElementsAre;

// Does nothing until it is stopped.
class Idler final : public MemoryProgram {
 public:
  explicit Idler(std::vector<MemoryProcess*>& running) : running_(running) {}
  absl::Status Start(MemoryProcess& process) override {
    running_.push_back(&process);
    return absl::OkStatus();
  }
  void Stop(MemoryProcess& process) override { std::erase(running_, &process); }

 private:
  std::vector<MemoryProcess*>& running_;
};

class MemoryProcessTest : public ::testing::Test {
 protected:
  MemoryProcessTest() {
    world_.a.processes().SetProgram("idle", std::make_unique<Idler>(running_));
  }

  static SpawnOptions Options(std::vector<std::string> argv = {"idle"}) {
    SpawnOptions options;
    options.program = argv[0];
    options.argv = std::move(argv);
    return options;
  }
  Spawned Start(const SpawnOptions& options = Options()) {
    auto spawned = Spawn(options, own_);
    EXPECT_TRUE(spawned.ok()) << spawned.status();
    return *std::move(spawned);
  }
  // "runs", "exit 3", "signal 9", or an error of errno.
  std::string StateOf(const Spawned& child, int how = WEXITED | WNOHANG) {
    siginfo_t info = {};
    if (own_.WaitId(child.pidfd.get(), info, how) != 0) {
      return std::string(ErrnoError(errno).message());
    }
    if (info.si_pid == 0) return "runs";
    return (info.si_code == CLD_EXITED ? "exit " : "signal ") +
           std::to_string(info.si_status);
  }
  int Take(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    own_.SetMask(SIG_BLOCK, set, nullptr);
    return own_.SignalFd(-1, set);
  }

  MemoryWorld world_;
  std::vector<MemoryProcess*> running_;
  MemoryProcess& own_ = world_.a.processes().own();
};

TEST_F(MemoryProcessTest, AProgramIsFoundByNameAndByTheEndOfAPath) {
  const Spawned one = Start();
  const Spawned two = Start(Options({"/usr/bin/idle", "x"}));
  EXPECT_EQ(one.pid, 2);
  EXPECT_EQ(two.pid, 3);
  EXPECT_THAT(running_[1]->argv(), ElementsAre("/usr/bin/idle", "x"));
}

TEST_F(MemoryProcessTest, NothingElseIsThere) {
  EXPECT_EQ(Spawn(Options({"/bin/sh"}), own_).status(), ErrnoError(ENOENT));
  MemoryProcess& other = world_.b.processes().own();
  EXPECT_EQ(Spawn(Options(), other).status(), ErrnoError(ENOENT));
  world_.a.processes().SetProgram("idle", nullptr);
  EXPECT_EQ(Spawn(Options(), own_).status(), ErrnoError(ENOENT));
}

TEST_F(MemoryProcessTest, ItsEndIsToldOnceItIsWaitedFor) {
  const Spawned child = Start();
  EXPECT_EQ(StateOf(child), "runs");
  running_[0]->Exit(259);
  EXPECT_EQ(StateOf(child, WEXITED | WNOHANG | WNOWAIT), "exit 3");
  EXPECT_EQ(world_.a.processes().unreaped(), 1U);
  EXPECT_EQ(StateOf(child), "exit 3");
  EXPECT_EQ(StateOf(child), ErrnoError(ECHILD).message());
  EXPECT_EQ(world_.a.processes().unreaped(), 0U);
  EXPECT_EQ(own_.SendSignal(child.pidfd.get(), SIGTERM), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(MemoryProcessTest, ASignalThatIsNotTakenEndsItAndItsChildren) {
  const Spawned child = Start();
  MemoryProcess& process = *running_[0];
  const auto grandchild = Spawn(Options(), process);
  ASSERT_TRUE(grandchild.ok());
  EXPECT_EQ(own_.SendSignal(child.pidfd.get(), SIGCHLD), 0);
  EXPECT_EQ(running_.size(), 2U);
  EXPECT_EQ(own_.SendSignal(child.pidfd.get(), SIGTERM), 0);
  EXPECT_TRUE(running_.empty());
  EXPECT_EQ(StateOf(child), "signal 15");
}

TEST_F(MemoryProcessTest, AGroupGetsItsLeadersSignals) {
  SpawnOptions options = Options();
  options.new_group = true;
  const Spawned leader = Start(options);
  const auto member = Spawn(Options(), *running_[0]);
  const Spawned stranger = Start();
  EXPECT_TRUE(leader.leads_group);
  EXPECT_EQ(own_.SendGroupSignal(leader.pid, SIGKILL), 0);
  EXPECT_EQ(StateOf(leader), "signal 9");
  EXPECT_EQ(StateOf(stranger), "runs");
  EXPECT_EQ(own_.SendGroupSignal(leader.pid, SIGKILL), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(MemoryProcessTest, ASignalThatIsTakenIsReadOnce) {
  const OwnedFd fd(Take(SIGTERM), world_.a);
  EXPECT_EQ(own_.taken_signals(), 1);
  own_.Deliver(SIGTERM);
  own_.Deliver(SIGTERM);
  EXPECT_EQ(own_.ReadSignal(fd.get()), SIGTERM);
  EXPECT_EQ(own_.ReadSignal(fd.get()), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_TRUE(world_.a.up());
}

TEST_F(MemoryProcessTest, WhatWaitsStrikesWhenItIsLetIn) {
  Take(SIGUSR1);
  own_.Deliver(SIGUSR1);
  sigset_t all;
  sigfillset(&all);
  EXPECT_EQ(own_.TakePending(all), SIGUSR1);
  EXPECT_EQ(own_.TakePending(all), -1);
  own_.Deliver(SIGUSR1);
  own_.SetMask(SIG_UNBLOCK, all, nullptr);
  EXPECT_FALSE(world_.a.up());
}

TEST_F(MemoryProcessTest, TheEndOfAChildIsASignal) {
  const OwnedFd fd(Take(SIGCHLD), world_.a);
  const Spawned child = Start();
  running_[0]->Exit(0);
  EXPECT_EQ(own_.ReadSignal(fd.get()), SIGCHLD);
}

TEST_F(MemoryProcessTest, ASignalThatNobodyTakesIsACrashOfTheHost) {
  const Spawned child = Start();
  EXPECT_FALSE(own_.WouldEnd(SIGWINCH));
  EXPECT_TRUE(own_.WouldEnd(SIGTERM));
  world_.a.Signal(SIGWINCH);
  EXPECT_TRUE(world_.a.up());
  world_.a.Signal(SIGTERM);
  EXPECT_FALSE(world_.a.up());
  EXPECT_TRUE(running_.empty());
  EXPECT_EQ(StateOf(child), ErrnoError(EBADF).message());
}

TEST_F(MemoryProcessTest, ItsStreamsAreItsOwnNumbersOfWhatItIsGiven) {
  auto pipe = OpenPipeFromChild(own_);
  ASSERT_TRUE(pipe.ok());
  SpawnOptions options = Options();
  options.stdio = {0, pipe->childs.get(), pipe->childs.get()};
  const Spawned child = Start(options);
  pipe->childs.Close();
  const auto& stdio = running_[0]->stdio();
  EXPECT_EQ(world_.a.Write(stdio[1], "out", 3), 3);
  EXPECT_EQ(world_.a.Write(stdio[2], "err", 3), 3);
  running_[0]->Exit(0);
  char data[10];
  EXPECT_EQ(world_.a.Read(pipe->ours.get(), data, sizeof(data)), 6);
  EXPECT_EQ(world_.a.Read(pipe->ours.get(), data, sizeof(data)), 0);
}

TEST_F(MemoryProcessTest, WhatIsInheritedIsTheHostsScreen) {
  const Spawned child = Start();
  const auto& stdio = running_[0]->stdio();
  char byte;
  EXPECT_EQ(world_.a.Read(stdio[0], &byte, 1), 0);
  EXPECT_EQ(world_.a.Write(stdio[1], "hello", 5), 5);
  EXPECT_EQ(world_.a.processes().screen(), "hello");
}

TEST_F(MemoryProcessTest, WhatItIsStartedWithIsItsParentsUnlessItIsGiven) {
  SpawnOptions options = Options();
  options.env = {"A=1"};
  options.cwd = "/srv";
  const Spawned child = Start(options);
  const auto grandchild = Spawn(Options(), *running_[0]);
  EXPECT_THAT(running_[1]->env(), ElementsAre("A=1"));
  EXPECT_EQ(running_[1]->cwd(), "/srv");
  EXPECT_EQ(own_.cwd(), "/");
}

TEST_F(MemoryProcessTest, EveryDescriptorCounts) {
  for (size_t limit = 0; limit < 4; ++limit) {
    world_.a.SetDescriptorLimit(limit);
    EXPECT_EQ(ErrnoOf(Spawn(Options(), own_).status()), EMFILE) << limit;
    EXPECT_EQ(world_.a.open_descriptors(), 0U);
    EXPECT_EQ(world_.a.processes().unreaped(), 0U);
  }
  EXPECT_TRUE(running_.empty());
  world_.a.SetDescriptorLimit(4);
  EXPECT_TRUE(Spawn(Options(), own_).ok());
}

TEST_F(MemoryProcessTest, ThereAreNoTerminals) {
  EXPECT_EQ(own_.OpenPty({}).status(), ErrnoError(EOPNOTSUPP));
}

TEST_F(MemoryProcessTest, TheTraceHasStartsEndsAndSignals) {
  const Spawned child = Start(Options({"idle", "x"}));
  own_.SendSignal(child.pidfd.get(), SIGTERM);
  const std::string& trace = world_.network.trace();
  EXPECT_TRUE(absl::StrContains(trace, " start a/2 idle x\n"));
  EXPECT_TRUE(absl::StrContains(trace, " killed a/2 by SIGTERM\n"));
}

}  // namespace
}  // namespace lev
