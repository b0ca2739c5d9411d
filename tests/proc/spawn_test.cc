// Tests lev/proc/spawn.cc: how a program starts, and how it does not.

#include "lev/proc/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "tests/support/descriptors.h"
#include "tests/support/programs.h"

namespace lev {
namespace {

// What every failure has in common: nothing is left of the child.
class SpawnTest : public ::testing::Test {
 protected:
  ~SpawnTest() override {
    EXPECT_EQ(CountOpenFds(), fds_) << "descriptors leaked";
    EXPECT_EQ(CountChildren(), 0) << "a child is left";
  }

  void ExpectFailure(const SpawnOptions& options, int error,
                     const std::string& detail = "") {
    const absl::Status status = RunToEnd(options).spawned;
    EXPECT_EQ(ErrnoOf(status), error) << status;
    EXPECT_EQ(status.message(), strerror(error));
    EXPECT_EQ(DetailOf(status), detail);
  }

  const size_t fds_ = CountOpenFds();
  ScratchFolder folder_;
};

// While one lives, PATH is what it was given.
class Path {
 public:
  explicit Path(const std::string& value) : before_(getenv("PATH")) {
    setenv("PATH", value.c_str(), 1);
  }
  ~Path() { setenv("PATH", before_.c_str(), 1); }

 private:
  const std::string before_;
};

TEST_F(SpawnTest, AProgramRunsWithItsArguments) {
  const Ran ran = RunToEnd(Command({"/bin/echo", "one", "two  three", ""}));
  EXPECT_TRUE(ran.spawned.ok()) << ran.spawned;
  EXPECT_EQ(ran.output, "one two  three \n");
  EXPECT_EQ(ran.status.code, 0);
}

TEST_F(SpawnTest, TheExitCodeIsTold) {
  EXPECT_EQ(RunToEnd(Shell("exit 41")).status.code, 41);
}

TEST_F(SpawnTest, AProgramThatDoesNotExistIsAnError) {
  ExpectFailure(Command({folder_.path() + "/none"}), ENOENT);
}

TEST_F(SpawnTest, AFileThatIsNotExecutableIsAnError) {
  ExpectFailure(Command({folder_.Add("file", "#!/bin/sh\n", 0644)}), EACCES);
}

TEST_F(SpawnTest, ADirectoryIsAnError) {
  ExpectFailure(Command({folder_.path()}), EACCES);
}

TEST_F(SpawnTest, AFileIsNoDirectory) {
  ExpectFailure(Command({folder_.Add("file", "") + "/program"}), ENOTDIR);
}

TEST_F(SpawnTest, AnInterpreterThatDoesNotExistIsToldApart) {
  const std::string script = folder_.Add("script", "#!/no/such/thing\n");
  ExpectFailure(Command({script}), ENOENT, "interpreter");
}

TEST_F(SpawnTest, AScriptWithoutAnInterpreterIsNotGivenToTheShell) {
  ExpectFailure(Command({folder_.Add("script", "exit 0\n")}), ENOEXEC);
}

TEST_F(SpawnTest, ADirectoryThatDoesNotExistIsToldApart) {
  SpawnOptions options = Shell("exit 0");
  options.cwd = folder_.path() + "/none";
  ExpectFailure(options, ENOENT, "cwd");
}

TEST_F(SpawnTest, AnEmptyNameIsAnError) {
  ExpectFailure(Command({""}), ENOENT);
}

TEST_F(SpawnTest, ArgumentsThatAreTooLongAreAnError) {
  ExpectFailure(Command({"/bin/true", std::string(1 << 20, 'x')}), E2BIG);
}

TEST_F(SpawnTest, AnEnvironmentThatIsTooLongIsAnError) {
  SpawnOptions options = Command({"/bin/true"});
  options.env.emplace(200, "LONG=" + std::string(100000, 'x'));
  ExpectFailure(options, E2BIG);
}

TEST_F(SpawnTest, ManyArgumentsArrive) {
  std::vector<std::string> words = {"/bin/sh", "-c", "echo $#", "sh"};
  words.resize(10000, "word");
  EXPECT_EQ(RunToEnd(Command(words)).output, "9996\n");
}

TEST_F(SpawnTest, AZeroByteIsNotTakenForTheEnd) {
  const std::string text("a\0b", 3);
  SpawnOptions options = Command({"/bin/echo", text});
  EXPECT_EQ(RunToEnd(options).spawned.message(),
            "an argument contains a zero byte");
  options = Command({text});
  EXPECT_FALSE(RunToEnd(options).spawned.ok());
  options = Command({"/bin/echo"});
  options.cwd = text;
  EXPECT_FALSE(RunToEnd(options).spawned.ok());
  options = Command({"/bin/echo"});
  options.env = {text};
  EXPECT_FALSE(RunToEnd(options).spawned.ok());
}

TEST_F(SpawnTest, WithoutDescriptorsItIsAnError) {
  const Spawned held = *Spawn(Shell("exit 0"));
  Reap(held);
  absl::Status status;
  {
    const NoFreeFds none;
    status = Spawn(Command({"/bin/true"})).status();
  }
  EXPECT_EQ(ErrnoOf(status), EMFILE) << status;
}

TEST_F(SpawnTest, ANameIsLookedForAlongThePath) {
  folder_.Add("lev-program", "#!/bin/sh\necho found\n");
  const Path path("/none:" + folder_.path() + ":/bin");
  EXPECT_EQ(RunToEnd(Command({"lev-program"})).output, "found\n");
}

TEST_F(SpawnTest, ANameThatIsNowhereAlongThePathIsAnError) {
  const Path path("/none:" + folder_.Add("file", "") + ":" + folder_.path());
  ExpectFailure(Command({"lev-program"}), ENOENT);
}

TEST_F(SpawnTest, WhatMayNotBeRunIsPassedOverAlongThePath) {
  folder_.Add("lev-program", "#!/bin/sh\necho wrong\n", 0644);
  ScratchFolder good;
  good.Add("lev-program", "#!/bin/sh\necho right\n");
  const Path path(folder_.path() + ":" + good.path());
  EXPECT_EQ(RunToEnd(Command({"lev-program"})).output, "right\n");
}

TEST_F(SpawnTest, WhatMayNotBeRunIsToldIfNothingBetterComes) {
  folder_.Add("lev-program", "#!/bin/sh\n", 0644);
  const Path path(folder_.path() + ":/none");
  ExpectFailure(Command({"lev-program"}), EACCES);
}

TEST_F(SpawnTest, AnEmptyEntryOfThePathIsTheDirectory) {
  folder_.Add("lev-program", "#!/bin/sh\necho here\n");
  const Path path(":/bin");
  SpawnOptions options = Command({"lev-program"});
  options.cwd = folder_.path();
  EXPECT_EQ(RunToEnd(options).output, "here\n");
}

TEST_F(SpawnTest, ARelativePathCountsFromTheChildsDirectory) {
  folder_.Add("program", "#!/bin/sh\npwd\n");
  SpawnOptions options = Command({"./program"});
  options.cwd = folder_.path();
  EXPECT_EQ(RunToEnd(options).output, folder_.path() + "\n");
}

TEST_F(SpawnTest, TheEnvironmentIsReplaced) {
  SpawnOptions options = Command({"/usr/bin/env"});
  options.env = {"ONE=1", "TWO=2 2"};
  EXPECT_EQ(RunToEnd(options).output, "ONE=1\nTWO=2 2\n");
  options.env.emplace();
  EXPECT_EQ(RunToEnd(options).output, "");
}

TEST_F(SpawnTest, WithoutAnEnvironmentItIsInherited) {
  setenv("LEV_TEST_VARIABLE", "there", 1);
  EXPECT_EQ(RunToEnd(Shell("echo $LEV_TEST_VARIABLE")).output, "there\n");
}

TEST_F(SpawnTest, TheParentsMaskIsAsBefore) {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  RunToEnd(Shell("exit 0"));
  RunToEnd(Command({"/none"}));
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&after, SIGUSR1), 1);
  EXPECT_EQ(sigismember(&after, SIGUSR2), 0);
  sigemptyset(&mask);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

}  // namespace
}  // namespace lev
