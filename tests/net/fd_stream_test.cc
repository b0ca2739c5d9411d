#include "lev/net/fd_stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/loop/fd_readiness.h"
#include "lev/net/error.h"
#include "lev/net/io_result.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

using Kind = IoResult::Kind;

// Nobody sets these flags here but the test: a stream that says would-block
// although it is not so has made no system call.
class FdStreamTest : public testing::Test {
 protected:
  void Arrive(const std::string& text) {
    ASSERT_EQ(write(pair_.b.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
    ASSERT_TRUE(AwaitPoll(pair_.a.get(), 1));
  }

  IoResult Read(size_t size) {
    return stream_.TryRead(absl::MakeSpan(buffer_).first(size));
  }

  IoResult Write() { return stream_.TryWrite({"x", 1}); }

  FdPair pair_ = TcpPair();
  FdReadiness readiness_;
  FdStream stream_{pair_.a.get(), readiness_};
  char buffer_[64];
};

TEST_F(FdStreamTest, AShortReadSavesTheCallThatWouldSayEagain) {
  Arrive("four");
  EXPECT_EQ(Read(64).bytes, 4u);
  EXPECT_FALSE(readiness_.readable);
  Arrive("more");
  EXPECT_EQ(Read(64).kind, Kind::kWantRead);
}

TEST_F(FdStreamTest, AnEdgeMakesItReadAgain) {
  Arrive("four");
  Read(64);
  Arrive("more");
  readiness_.readable = true;
  EXPECT_EQ(Read(64).bytes, 4u);
}

TEST_F(FdStreamTest, AFullReadProvesNothing) {
  Arrive("four");
  EXPECT_EQ(Read(4).bytes, 4u);
  EXPECT_TRUE(readiness_.readable);
  Arrive("more");
  EXPECT_EQ(Read(64).bytes, 4u);
}

TEST_F(FdStreamTest, AShortReadProvesNothingOnceSomethingExceptionalCame) {
  readiness_.exceptional = true;
  Arrive("four");
  EXPECT_EQ(Read(64).bytes, 4u);
  EXPECT_TRUE(readiness_.readable);
}

TEST_F(FdStreamTest, TheEndBehindTheLastBytesIsRead) {
  Arrive("four");
  pair_.b.Close();
  readiness_.exceptional = true;
  EXPECT_EQ(Read(64).bytes, 4u);
  EXPECT_TRUE(Read(64).end_of_file());
  EXPECT_TRUE(Read(64).end_of_file());
}

TEST_F(FdStreamTest, BytesBehindAnUrgentOneAreRead) {
  Arrive("ab");
  ASSERT_EQ(send(pair_.b.get(), "!", 1, MSG_OOB), 1);
  Arrive("cd");
  readiness_.exceptional = true;
  EXPECT_EQ(Read(64).bytes, 2u);
  EXPECT_EQ(Read(64).bytes, 2u);
  EXPECT_EQ(Read(64).kind, Kind::kWantRead);
}

TEST_F(FdStreamTest, EagainClearsReadability) {
  EXPECT_EQ(Read(64).kind, Kind::kWantRead);
  EXPECT_FALSE(readiness_.readable);
  EXPECT_TRUE(readiness_.writable);
}

TEST_F(FdStreamTest, EagainIsBelievedEvenAfterSomethingExceptional) {
  readiness_.exceptional = true;
  EXPECT_EQ(Read(64).kind, Kind::kWantRead);
  EXPECT_FALSE(readiness_.readable);
}

TEST_F(FdStreamTest, AFullSocketClearsWritability) {
  const std::string block(1 << 20, 'x');
  while (stream_.TryWrite(block).done()) {
  }
  EXPECT_FALSE(readiness_.writable);
  EXPECT_TRUE(readiness_.readable);
  EXPECT_EQ(Write().kind, Kind::kWantWrite);
}

TEST_F(FdStreamTest, WithoutWritabilityNothingIsWritten) {
  readiness_.writable = false;
  EXPECT_EQ(Write().kind, Kind::kWantWrite);
  readiness_.writable = true;
  EXPECT_EQ(Write().bytes, 1u);
}

TEST_F(FdStreamTest, AResetIsAnErrorInWords) {
  CloseWithReset(pair_.b);
  ASSERT_TRUE(AwaitPoll(pair_.a.get(), 1));
  EXPECT_TRUE(Read(64).failed());
  EXPECT_EQ(stream_.error().message(), "Connection reset by peer");
  EXPECT_EQ(ErrnoOf(stream_.error()), ECONNRESET);
}

TEST_F(FdStreamTest, WritingAfterThePeersEndIsClosedAndNoSignal) {
  CloseWithReset(pair_.b);
  ASSERT_TRUE(AwaitPoll(pair_.a.get(), 1));
  EXPECT_TRUE(Read(64).failed());  // Takes the reset away.
  EXPECT_TRUE(Write().failed());
  EXPECT_EQ(stream_.error(), PeerClosedError());
}

TEST_F(FdStreamTest, ABadDescriptorIsAnError) {
  FdReadiness readiness;
  FdStream bad(-1, readiness);
  EXPECT_TRUE(bad.TryRead(absl::MakeSpan(buffer_)).failed());
  EXPECT_EQ(ErrnoOf(bad.error()), EBADF);
  EXPECT_TRUE(bad.TryShutdownWrite().failed());
  EXPECT_EQ(bad.fd(), -1);
}

TEST_F(FdStreamTest, TheDescriptorIsBorrowed) {
  const size_t before = CountOpenFds();
  { FdStream other(pair_.a.get(), readiness_); }
  EXPECT_EQ(CountOpenFds(), before);
  EXPECT_EQ(stream_.fd(), pair_.a.get());
}

}  // namespace
}  // namespace lev
