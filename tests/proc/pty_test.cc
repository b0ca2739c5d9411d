#include "lev/proc/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "lev/proc/spawn.h"
#include "tests/support/descriptors.h"
#include "tests/support/programs.h"

namespace lev {
namespace {

Spawned SpawnOn(Pty& pty, const std::string& script) {
  SpawnOptions options = Shell(script);
  options.new_session = true;
  options.terminal = pty.terminal.get();
  options.stdio = {options.terminal, options.terminal, options.terminal};
  Spawned spawned = *Spawn(options);
  pty.terminal.Close();
  return spawned;
}

// Everything until the terminal's other side has gone, which reads as EIO.
std::string ReadAll(const Pty& pty) {
  std::string text;
  char buffer[1000];
  for (;;) {
    const ssize_t size = read(pty.ours.get(), buffer, sizeof(buffer));
    if (size > 0) {
      text.append(buffer, static_cast<size_t>(size));
    } else if (size == 0 || errno != EAGAIN) {
      return text;
    } else if (!AwaitPoll(pty.ours.get(), POLLIN)) {
      return text + " (hangs)";
    }
  }
}

TEST(PtyTest, TheChildHasATerminalOfTheSizeGiven) {
  Pty pty = *OpenPty({.rows = 12, .columns = 34});
  const Spawned child = SpawnOn(pty, "test -t 0 && test -t 2 && stty size");
  EXPECT_EQ(ReadAll(pty), "12 34\r\n");
  EXPECT_EQ(Reap(child).code, 0);
}

TEST(PtyTest, WhatIsTypedIsReadAndInterruptIsASignal) {
  Pty pty = *OpenPty({});
  const Spawned child = SpawnOn(pty,
                                "stty -echo; echo go; read x; echo $x; "
                                "trap 'echo int; exit 3' INT; "
                                "echo ready; read x");
  std::string text;
  const auto await = [&](const std::string& word) {
    while (text.find(word) == std::string::npos) {
      char buffer[100];
      ASSERT_TRUE(AwaitPoll(pty.ours.get(), POLLIN)) << text;
      const ssize_t size = read(pty.ours.get(), buffer, sizeof(buffer));
      ASSERT_GT(size, 0) << text;
      text.append(buffer, static_cast<size_t>(size));
    }
  };
  await("go");
  ASSERT_EQ(write(pty.ours.get(), "word\n", 5), 5);
  await("ready");
  ASSERT_EQ(write(pty.ours.get(), "\3", 1), 1);
  await("int");
  EXPECT_EQ(Reap(child).code, 3);
  EXPECT_NE(text.find("word"), std::string::npos);
}

TEST(PtyTest, TheSizeCanChange) {
  Pty pty = *OpenPty({});
  ASSERT_TRUE(SetWindowSize(pty.ours.get(), {.rows = 5, .columns = 6}).ok());
  const Spawned child = SpawnOn(pty, "stty size");
  EXPECT_EQ(ReadAll(pty), "5 6\r\n");
  Reap(child);
  EXPECT_FALSE(SetWindowSize(-1, {}).ok());
}

TEST(PtyTest, WithoutDescriptorsThereIsNone) {
  const size_t before = CountOpenFds();
  {
    const NoFreeFds none;
    EXPECT_FALSE(OpenPty({}).ok());
  }
  const Pty pty = *OpenPty({});
  EXPECT_EQ(CountOpenFds(), before + 2);
  EXPECT_NE(fcntl(pty.ours.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(pty.terminal.get(), F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace lev
