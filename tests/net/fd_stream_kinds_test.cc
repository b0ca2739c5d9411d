// Tests lev/net/fd_stream.cc: what is special about pipes, terminals, files
// and sockets of the UNIX domain.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/loop/fd_readiness.h"
#include "lev/net/error.h"
#include "lev/net/fd_stream.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

using Kind = IoResult::Kind;

FdPair Pipe() {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
  return {OwnedFd(fds[0]), OwnedFd(fds[1])};
}

// A terminal: `a` is what a program has, `b` the screen and the keyboard.
FdPair Terminal() {
  OwnedFd screen(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  EXPECT_EQ(grantpt(screen.get()), 0);
  EXPECT_EQ(unlockpt(screen.get()), 0);
  char name[100];
  EXPECT_EQ(ptsname_r(screen.get(), name, sizeof(name)), 0);
  OwnedFd program(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  return {std::move(program), std::move(screen)};
}

void WriteTo(int fd, const std::string& text) {
  ASSERT_EQ(write(fd, text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
}

// One end of something as a stream. Its readiness is only what it finds out
// itself: no loop reports any edge.
struct End {
  explicit End(int fd, FdStream::Kind kind = FdStream::Kind::kPipe)
      : stream(fd, readiness, kind) {}

  // "" at the end of the file, "..." if it would block.
  std::string Read() {
    std::string text(4096, '\0');
    const IoResult result = stream.TryRead(absl::MakeSpan(&text[0], 4096));
    EXPECT_FALSE(result.failed()) << stream.error();
    return result.done() ? text.substr(0, result.bytes) : "...";
  }

  FdReadiness readiness;
  FdStream stream;
};

TEST(PipeEndTest, WhatGoesInComesOut) {
  const FdPair pipe = Pipe();
  End in(pipe.a.get());
  End out(pipe.b.get());
  EXPECT_EQ(out.stream.TryWrite({"hello", 5}).bytes, 5u);
  EXPECT_EQ(in.Read(), "hello");
  EXPECT_EQ(in.Read(), "...");
}

TEST(PipeEndTest, AClosedWriterIsTheEndOfTheFile) {
  FdPair pipe = Pipe();
  End in(pipe.a.get());
  WriteTo(pipe.b.get(), "last");
  pipe.b.Close();
  EXPECT_EQ(in.Read(), "last");
  EXPECT_EQ(in.Read(), "");
}

TEST(PipeEndTest, AClosedReaderIsClosedAndNoSignal) {
  FdPair pipe = Pipe();
  End out(pipe.b.get());
  pipe.a.Close();
  EXPECT_TRUE(out.stream.TryWrite({"x", 1}).failed());
  EXPECT_EQ(out.stream.error(), PeerClosedError());
}

TEST(SendFileTest, AReaderWhoHasGoneIsClosedAndNoSignal) {
  FILE* const file = tmpfile();
  WriteTo(fileno(file), "content");
  FdPair pair = UnixPair();
  End out(pair.a.get(), FdStream::Kind::kUnixSocket);
  EXPECT_EQ(out.stream.TrySendFile(fileno(file), 3, 100).bytes, 4u);
  EXPECT_EQ(out.stream.TrySendFile(fileno(file), 7, 100).bytes, 0u);
  pair.b.Close();
  EXPECT_TRUE(out.stream.TrySendFile(fileno(file), 0, 7).failed());
  EXPECT_EQ(out.stream.error(), PeerClosedError());
  fclose(file);
}

TEST(PipeEndTest, TheSignalLeavesNoTrace) {
  FdPair pipe = Pipe();
  End out(pipe.b.get());
  pipe.a.Close();
  EXPECT_TRUE(out.stream.TryWrite({"x", 1}).failed());
  sigset_t signals;
  ASSERT_EQ(sigpending(&signals), 0);
  EXPECT_EQ(sigismember(&signals, SIGPIPE), 0);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &signals), 0);
  EXPECT_EQ(sigismember(&signals, SIGPIPE), 0);
}

// Somebody else's signal, which they keep back, is not taken from them.
TEST(PipeEndTest, ASignalThatWasPendingBeforeStaysSo) {
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigset_t before;
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &pipe_signal, &before), 0);
  ASSERT_EQ(raise(SIGPIPE), 0);
  FdPair pipe = Pipe();
  End out(pipe.b.get());
  pipe.a.Close();
  EXPECT_TRUE(out.stream.TryWrite({"x", 1}).failed());
  sigset_t pending;
  ASSERT_EQ(sigpending(&pending), 0);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 1);
  const timespec at_once = {};
  EXPECT_EQ(sigtimedwait(&pipe_signal, nullptr, &at_once), SIGPIPE);
  ASSERT_EQ(pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
}

TEST(PipeEndTest, AFullPipeWantsToWrite) {
  const FdPair pipe = Pipe();
  End out(pipe.b.get());
  const std::string block(1 << 20, 'x');
  while (out.stream.TryWrite(block).done()) continue;
  EXPECT_EQ(out.stream.TryWrite({"x", 1}).kind, Kind::kWantWrite);
  EXPECT_FALSE(out.readiness.writable);
}

TEST(PipeEndTest, AnEndDoesNotDoTheOthersWork) {
  const FdPair pipe = Pipe();
  End in(pipe.a.get());
  EXPECT_TRUE(in.stream.TryWrite({"x", 1}).failed());
  EXPECT_EQ(in.stream.error().message(), "Bad file descriptor");
  EXPECT_TRUE(in.stream.TryShutdownWrite().failed());
}

// It gives line by line, and no edge announces the second.
TEST(TerminalTest, EveryLineThatIsThereIsRead) {
  const FdPair terminal = Terminal();
  End program(terminal.a.get());
  WriteTo(terminal.b.get(), "one\ntwo\n");
  ASSERT_TRUE(AwaitPoll(terminal.a.get(), POLLIN));
  EXPECT_EQ(program.Read(), "one\n");
  EXPECT_EQ(program.Read(), "two\n");
  EXPECT_EQ(program.Read(), "...");
}

TEST(TerminalTest, TheOtherSidesEndIsTheEndOfTheFile) {
  FdPair terminal = Terminal();
  End screen(terminal.b.get());
  WriteTo(terminal.a.get(), "bye");
  EXPECT_EQ(screen.Read(), "bye");
  terminal.a.Close();
  EXPECT_EQ(screen.Read(), "");
}

// A file is always ready, and epoll would refuse it.
TEST(FileTest, IsReadToItsEndWithoutWaiting) {
  FILE* const file = tmpfile();
  WriteTo(fileno(file), "four");
  rewind(file);
  End end(fileno(file));
  EXPECT_EQ(end.Read(), "four");
  EXPECT_EQ(end.Read(), "");
  fclose(file);
}

// A read ends where descriptors were passed, although more has come.
TEST(UnixEndTest, WhatComesBehindDescriptorsIsRead) {
  for (const bool keeps : {false, true}) {
    const FdPair pair = UnixPair();
    End in(pair.a.get(), FdStream::Kind::kUnixSocket);
    End out(pair.b.get(), FdStream::Kind::kUnixSocket);
    if (keeps) in.stream.KeepFds();
    const int standard_output = 1;
    for (const char* text : {"a", "b"}) {
      const absl::Span<const int> fds(&standard_output, 1);
      EXPECT_TRUE(out.stream.TryWriteWithFds({text, 1}, fds).done());
    }
    EXPECT_EQ(out.stream.TryWrite({"c", 1}).bytes, 1u);
    std::string text;
    while (text.size() < 3) {
      const std::string more = in.Read();
      ASSERT_NE(more, "...") << "got only " << text;
      text += more;
    }
    EXPECT_EQ(text, "abc");
  }
}

class KeptFdsTest : public testing::Test {
 protected:
  ~KeptFdsTest() override {
    pair_ = FdPair();
    taken_.clear();
    EXPECT_EQ(CountOpenFds(), open_before_);
  }

  // The peer sends `count` descriptors with one byte.
  void Pass(size_t count) {
    const std::vector<int> fds(count, STDOUT_FILENO);
    EXPECT_EQ(out_.stream.TryWriteWithFds({"x", 1}, fds).bytes, 1u);
  }

  size_t Take() {
    taken_ = in_.stream.TakeFds(lost_);
    return taken_.size();
  }

  const size_t open_before_ = CountOpenFds();
  FdPair pair_ = UnixPair();
  End in_{pair_.a.get(), FdStream::Kind::kUnixSocket};
  End out_{pair_.b.get(), FdStream::Kind::kUnixSocket};
  std::vector<OwnedFd> taken_;
  bool lost_ = false;
};

TEST_F(KeptFdsTest, ArriveWithTheBytesAndAreCloseOnExec) {
  in_.stream.KeepFds();
  Pass(3);
  EXPECT_EQ(in_.Read(), "x");
  EXPECT_EQ(Take(), 3u);
  EXPECT_FALSE(lost_);
  for (const OwnedFd& fd : taken_) {
    EXPECT_EQ(fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
  }
  EXPECT_EQ(Take(), 0u) << "they were taken";
}

TEST_F(KeptFdsTest, AreDroppedByThoseWhoDoNotKeepThem) {
  EXPECT_FALSE(in_.stream.keeps_fds());
  Pass(3);
  EXPECT_EQ(in_.Read(), "x");
}

TEST_F(KeptFdsTest, TheMostThatOneMessageTakesArrive) {
  in_.stream.KeepFds();
  Pass(253);
  EXPECT_EQ(in_.Read(), "x");
  EXPECT_EQ(Take(), 253u);
}

TEST_F(KeptFdsTest, OneMoreIsAnError) {
  const std::vector<int> fds(254, STDOUT_FILENO);
  EXPECT_TRUE(out_.stream.TryWriteWithFds({"x", 1}, fds).failed());
}

TEST_F(KeptFdsTest, WithoutRoomForThemTheyAreLostAndTheBytesAreNot) {
  in_.stream.KeepFds();
  Pass(2);
  {
    const NoFreeFds none;
    EXPECT_EQ(in_.Read(), "x");
  }
  EXPECT_EQ(Take(), 0u);
  EXPECT_TRUE(lost_);
  Take();
  EXPECT_FALSE(lost_) << "said once";
}

TEST_F(KeptFdsTest, NobodyTakesThemForEver) {
  in_.stream.KeepFds();
  for (int i = 0; i < 5; ++i) {
    Pass(250);
    EXPECT_EQ(in_.Read(), "x");
  }
  Pass(1);
  char byte;
  EXPECT_TRUE(in_.stream.TryRead(absl::MakeSpan(&byte, 1)).failed());
  EXPECT_EQ(in_.stream.error().message(), "Message too long");
  EXPECT_EQ(Take(), 1250u);
  EXPECT_EQ(in_.Read(), "x") << "it goes on when they were taken";
  EXPECT_EQ(Take(), 1u);
}

// Blocking, as others want it.
FdPair SharedPipe() {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
  return {OwnedFd(fds[0]), OwnedFd(fds[1])};
}

TEST(FdStreamKindsTest, ASharedPipeIsReadOnlyWhenSomethingIsThere) {
  const FdPair pipe = SharedPipe();
  End end(pipe.a.get(), FdStream::Kind::kShared);
  EXPECT_EQ(end.Read(), "...");
  WriteTo(pipe.b.get(), "text");
  end.readiness.readable = true;
  EXPECT_EQ(end.Read(), "text");
  EXPECT_EQ(end.Read(), "...");
}

TEST(FdStreamKindsTest, ASharedPipeIsWrittenOnlyWhileThereIsRoom) {
  const FdPair pipe = SharedPipe();
  FdReadiness readiness;
  FdStream stream(pipe.b.get(), readiness, FdStream::Kind::kShared);
  const std::string text(100000, 'x');
  size_t written = 0;
  IoResult result;
  while ((result = stream.TryWrite({text.data(), text.size()})).done()) {
    written += result.bytes;
  }
  EXPECT_EQ(result.kind, Kind::kWantWrite);
  EXPECT_GT(written, 4096u);
}

TEST(FdStreamKindsTest, ASharedSocketBlocksNobody) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  const OwnedFd a(fds[0]);
  const OwnedFd b(fds[1]);
  End end(a.get(), FdStream::Kind::kShared);
  EXPECT_EQ(end.Read(), "...");
  const std::string text(100000, 'x');
  IoResult result;
  while ((result = end.stream.TryWrite({text.data(), text.size()})).done()) {
  }
  EXPECT_EQ(result.kind, Kind::kWantWrite);
}

}  // namespace
}  // namespace lev
