// Tests lev/proc/spawn_child.cc: what the child is when its program begins.

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/net/owned_fd.h"
#include "lev/proc/pty.h"
#include "lev/proc/spawn.h"
#include "tests/support/descriptors.h"
#include "tests/support/programs.h"

namespace lev {
namespace {

using ::testing::HasSubstr;

// A descriptor that the host has forgotten to mark.
OwnedFd Inheritable(int at_least) {
  const OwnedFd file(open("/dev/null", O_RDONLY));
  return OwnedFd(fcntl(file.get(), F_DUPFD, at_least));
}

TEST(SpawnChildTest, ItHasNoDescriptorButItsThree) {
  const OwnedFd low = Inheritable(3);
  const OwnedFd high = Inheritable(200);
  // The 3 is ls's own, for the directory.
  EXPECT_EQ(RunToEnd(Command({"ls", "/proc/self/fd"})).output, "0\n1\n2\n3\n");
}

TEST(SpawnChildTest, AKernelWithoutCloseRangeServesAsWell) {
  const auto run = [] {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog program = {.len = 4, .filter = filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(2);
    const OwnedFd low = Inheritable(3);
    const OwnedFd high = Inheritable(200);
    const Ran ran = RunToEnd(Command({"ls", "/proc/self/fd"}));
    _exit(ran.output == "0\n1\n2\n3\n" ? 0 : 1);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
}

TEST(SpawnChildTest, ItsMaskIsEmptyAndItIgnoresNothing) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGRTMIN, SIG_IGN);
  signal(SIGUSR1, [](int) {});
  const Ran ran = RunToEnd(Command({"cat", "/proc/self/status"}));
  for (const int number : {SIGPIPE, SIGHUP, SIGRTMIN, SIGUSR1}) {
    signal(number, SIG_DFL);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_THAT(ran.output, HasSubstr("\nSigBlk:\t0000000000000000\n"));
  EXPECT_THAT(ran.output, HasSubstr("\nSigIgn:\t0000000000000000\n"));
}

TEST(SpawnChildTest, TheParentsDispositionsStay) {
  signal(SIGPIPE, SIG_IGN);
  RunToEnd(Shell("exit 0"));
  EXPECT_EQ(signal(SIGPIPE, SIG_DFL), SIG_IGN);
}

TEST(SpawnChildTest, TheThreeMayBeGivenCrosswise) {
  FdPair in = UnixPair();
  FdPair out = UnixPair();
  SpawnOptions options = Shell("read line; echo \"got $line\" >&2");
  // Its input stands at our 2, its errors at our 0: moved there, and back.
  const OwnedFd zero(fcntl(0, F_DUPFD_CLOEXEC, 3));
  const OwnedFd two(fcntl(2, F_DUPFD_CLOEXEC, 3));
  dup2(out.b.get(), 0);
  fcntl(in.b.get(), F_SETFL, 0);
  dup2(in.b.get(), 2);
  options.stdio = {2, 1, 0};
  ASSERT_EQ(write(in.a.get(), "hello\n", 6), 6);
  const absl::StatusOr<Spawned> spawned = Spawn(options);
  dup2(zero.get(), 0);
  dup2(two.get(), 2);
  ASSERT_TRUE(spawned.ok()) << spawned.status();
  EXPECT_EQ(Reap(*spawned).code, 0);
  char buffer[100];
  const ssize_t size = read(out.a.get(), buffer, sizeof(buffer));
  EXPECT_EQ(std::string(buffer, size > 0 ? size : 0), "got hello\n");
}

TEST(SpawnChildTest, OneDescriptorMayServeTwice) {
  FdPair pair = UnixPair();
  SpawnOptions options = Shell("echo out; echo err >&2");
  options.stdio = {0, pair.b.get(), pair.b.get()};
  const absl::StatusOr<Spawned> spawned = Spawn(options);
  ASSERT_TRUE(spawned.ok()) << spawned.status();
  Reap(*spawned);
  char buffer[100];
  const ssize_t size = read(pair.a.get(), buffer, sizeof(buffer));
  EXPECT_EQ(std::string(buffer, size > 0 ? size : 0), "out\nerr\n");
}

TEST(SpawnChildTest, ADescriptorThatIsClosedIsAnError) {
  SpawnOptions options = Shell("exit 0");
  options.stdio[2] = 1000;
  const absl::Status status = Spawn(options).status();
  EXPECT_EQ(ErrnoOf(status), EBADF);
  EXPECT_EQ(DetailOf(status), "stdio");
}

TEST(SpawnChildTest, ItLeadsItsOwnGroupIfAsked) {
  constexpr char kGroup[] =
      "read _ _ _ _ group _ < /proc/self/stat; "
      "test $group = $$ && echo own || echo another";
  SpawnOptions options = Shell(kGroup);
  EXPECT_EQ(RunToEnd(options).output, "another\n");
  options.new_group = true;
  EXPECT_EQ(RunToEnd(options).output, "own\n");
}

TEST(SpawnChildTest, ItIsControlledByItsTerminal) {
  const Pty pty = *OpenPty({});
  SpawnOptions options = Shell("echo hello > /dev/tty && tty");
  options.new_session = true;
  options.terminal = pty.terminal.get();
  options.stdio[0] = pty.terminal.get();
  const Ran ran = RunToEnd(options);
  EXPECT_EQ(ran.output.substr(0, 9), "/dev/pts/");
  char buffer[100];
  const ssize_t size = read(pty.ours.get(), buffer, sizeof(buffer));
  EXPECT_EQ(std::string(buffer, size > 0 ? size : 0), "hello\r\n");
}

TEST(SpawnChildTest, WhatIsNoTerminalIsAnError) {
  FdPair pair = UnixPair();
  SpawnOptions options = Shell("exit 0");
  options.new_session = true;
  options.terminal = pair.a.get();
  const absl::Status status = Spawn(options).status();
  EXPECT_EQ(DetailOf(status), "terminal") << status;
}

TEST(SpawnChildTest, LimitsHoldForTheChildAlone) {
  rlimit before;
  getrlimit(RLIMIT_NOFILE, &before);
  SpawnOptions options = Shell("ulimit -n; ulimit -Hn");
  options.limits = {{RLIMIT_NOFILE, {17, 18}}};
  EXPECT_EQ(RunToEnd(options).output, "17\n18\n");
  rlimit after;
  getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, before.rlim_cur);
}

TEST(SpawnChildTest, ALimitThatMakesNoSenseIsAnError) {
  SpawnOptions options = Shell("exit 0");
  options.limits = {{RLIMIT_NOFILE, {18, 17}}};
  const absl::Status status = Spawn(options).status();
  EXPECT_EQ(ErrnoOf(status), EINVAL);
  EXPECT_EQ(DetailOf(status), "rlimits");
}

TEST(SpawnChildTest, ItDiesWithItsParentIfAsked) {
  FdPair pair = UnixPair();
  fcntl(pair.a.get(), F_SETFL, 0);
  const auto run = [&pair] {
    SpawnOptions options = Command({"/bin/sleep", "60"});
    options.death_signal = SIGKILL;
    options.stdio[1] = pair.b.get();
    _exit(Spawn(options).ok() ? 0 : 1);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
  pair.b.Close();
  // The sleeper holds the other end: its end is the end of the stream.
  char byte;
  EXPECT_EQ(read(pair.a.get(), &byte, 1), 0);
}

}  // namespace
}  // namespace lev
