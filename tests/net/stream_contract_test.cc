// What every Stream does, over all there are. Tests lev/net/memory_stream.cc
// and lev/net/replay_stream.cc.

#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/loop/fake_poller.h"
#include "lev/loop/fd_readiness.h"
#include "lev/net/fd_stream.h"
#include "lev/net/memory_stream.h"
#include "lev/net/replay_stream.h"
#include "lev/net/socket_calls.h"
#include "lev/net/stream.h"
#include "lev/testing/memory_network.h"
#include "tests/support/descriptors.h"
#include "tests/support/faulty_stream.h"
#include "tests/support/tls_world.h"

namespace lev {
namespace {

using Kind = IoResult::Kind;

// Two connected ends, and a way to wait for one of them.
class Ends {
 public:
  virtual ~Ends() = default;
  virtual Stream& a() = 0;
  virtual Stream& b() = 0;
  // What was blocked may be tried again.
  virtual void AwaitReadable(Stream& end) = 0;
  virtual void AwaitWritable(Stream& end) = 0;
};

class MemoryEnds final : public Ends {
 public:
  Stream& a() override { return pair_.a(); }
  Stream& b() override { return pair_.b(); }
  void AwaitReadable(Stream&) override {}
  void AwaitWritable(Stream&) override {}

 private:
  MemoryStreamPair pair_;
};

class FdEnds final : public Ends {
 public:
  explicit FdEnds(FdPair pair, FdStream::Kind kind = FdStream::Kind::kSocket)
      : pair_(std::move(pair)),
        a_(pair_.a.ref(), a_ready_, kind),
        b_(pair_.b.ref(), b_ready_, kind) {}

  Stream& a() override { return a_; }
  Stream& b() override { return b_; }
  void AwaitReadable(Stream& end) override {
    EXPECT_TRUE(in_memory() || AwaitPoll(end.fd(), POLLIN));
    Of(end).readable = true;
  }
  void AwaitWritable(Stream& end) override {
    EXPECT_TRUE(in_memory() || AwaitPoll(end.fd(), POLLOUT));
    Of(end).writable = true;
  }

 private:
  bool in_memory() const { return &pair_.a.calls() != &KernelSockets(); }
  FdReadiness& Of(Stream& end) { return &end == &a_ ? a_ready_ : b_ready_; }

  const FdPair pair_;
  FdReadiness a_ready_;
  FdReadiness b_ready_;
  FdStream a_;
  FdStream b_;
};

// Sockets of a network in memory.
class NetworkEnds final : public Ends {
 public:
  Stream& a() override { return ends_.a(); }
  Stream& b() override { return ends_.b(); }
  void AwaitReadable(Stream& end) override { ends_.AwaitReadable(end); }
  void AwaitWritable(Stream& end) override { ends_.AwaitWritable(end); }

 private:
  FakeClock clock_;
  FakePoller poller_{clock_};
  MemoryNetwork network_{clock_, poller_, {}};
  FdEnds ends_{TcpPair(network_.AddHost("here"))};
};

// The others, in small pieces and after a refusal each.
class FaultyEnds final : public Ends {
 public:
  Stream& a() override { return a_; }
  Stream& b() override { return b_; }
  void AwaitReadable(Stream&) override {}
  void AwaitWritable(Stream&) override {}

 private:
  static constexpr FaultPlan kPlan = {
      .max_read = 7, .max_write = 1000, .block_first = true};
  MemoryStreamPair pair_;
  FaultyStream a_{pair_.a(), kPlan};
  FaultyStream b_{pair_.b(), kPlan};
};

// TLS over the first.
class TlsEnds final : public Ends {
 public:
  TlsEnds() { EXPECT_TRUE(pair_.Handshake()); }

  Stream& a() override { return pair_.client; }
  Stream& b() override { return pair_.server; }
  // What one end could not write the other waits for.
  void AwaitReadable(Stream&) override { FlushBoth(); }
  void AwaitWritable(Stream&) override { FlushBoth(); }

 private:
  void FlushBoth() {
    EXPECT_FALSE(a().TryWrite({}).failed());
    EXPECT_FALSE(b().TryWrite({}).failed());
  }

  TlsWorld world_;
  const std::unique_ptr<TlsContext> client_ =
      TlsWorld::Make(world_.ClientConfig());
  const std::unique_ptr<TlsContext> server_ =
      TlsWorld::Make(world_.ServerConfig());
  TlsPair pair_{*client_, *server_};
};

// Replays nothing: as good as what it stands before.
class ReplayEnds final : public Ends {
 public:
  Stream& a() override { return a_; }
  Stream& b() override { return b_; }
  void AwaitReadable(Stream&) override {}
  void AwaitWritable(Stream&) override {}

 private:
  MemoryStreamPair pair_;
  ReplayStream a_{"", pair_.a()};
  ReplayStream b_{"", pair_.b()};
};

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<Ends>()> make;
};

class StreamContractTest : public testing::TestWithParam<Implementation> {
 protected:
  // Writes all of `text`, which there is room for.
  void Write(Stream& end, absl::string_view text) {
    while (!text.empty()) {
      const IoResult result = end.TryWrite({text.data(), text.size()});
      ASSERT_FALSE(result.failed());
      text.remove_prefix(result.bytes);
      if (!result.done()) ends_->AwaitWritable(end);
    }
  }

  // One read that is not refused; "" at the end of the file.
  std::string ReadOnce(Stream& end, size_t most = 4096) {
    std::string text(most, '\0');
    for (int i = 0; i < 100; ++i) {
      const IoResult result = end.TryRead(absl::MakeSpan(&text[0], most));
      EXPECT_FALSE(result.failed()) << end.error();
      if (result.done()) return text.substr(0, result.bytes);
      EXPECT_EQ(result.kind, Kind::kWantRead);
      ends_->AwaitReadable(end);
    }
    ADD_FAILURE() << "nothing to read";
    return "";
  }

  std::string Read(Stream& end, size_t size) {
    std::string text;
    while (text.size() < size) {
      const std::string piece = ReadOnce(end, size - text.size());
      if (piece.empty()) break;
      text += piece;
    }
    return text;
  }

  // Writes until there is no room, and returns how much that was.
  size_t FillUp(Stream& end) {
    const std::string block(100'000, 'x');
    size_t written = 0;
    for (int refused = 0; refused < 2;) {
      const IoResult result = end.TryWrite(block);
      EXPECT_FALSE(result.failed());
      refused = result.done() ? 0 : refused + 1;
      written += result.bytes;
    }
    return written;
  }

  const std::unique_ptr<Ends> ends_ = GetParam().make();
  Stream& a_ = ends_->a();
  Stream& b_ = ends_->b();
};

TEST_P(StreamContractTest, BytesArriveInOrderAndBothWays) {
  std::string there;
  for (int i = 0; i < 2000; ++i) there += std::to_string(i);
  Write(a_, there);
  Write(b_, "back");
  EXPECT_EQ(Read(b_, there.size()), there);
  EXPECT_EQ(Read(a_, 4), "back");
}

TEST_P(StreamContractTest, EveryByteGetsThrough) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  all += all;
  Write(a_, all);
  EXPECT_EQ(Read(b_, all.size()), all);
}

TEST_P(StreamContractTest, AReadTakesNoMoreThanItWants) {
  Write(a_, "abc");
  EXPECT_EQ(ReadOnce(b_, 1), "a");
  EXPECT_EQ(Read(b_, 2), "bc");
}

TEST_P(StreamContractTest, WithNothingToReadItWantsToRead) {
  char byte;
  EXPECT_EQ(a_.TryRead(absl::MakeSpan(&byte, 1)).kind, Kind::kWantRead);
  Write(b_, "x");
  EXPECT_EQ(ReadOnce(a_), "x");
  EXPECT_EQ(a_.TryRead(absl::MakeSpan(&byte, 1)).kind, Kind::kWantRead);
}

TEST_P(StreamContractTest, WithoutRoomAWriteIsPartialAndThenWantsToWrite) {
  const std::string huge(32 << 20, 'x');
  IoResult result = a_.TryWrite(huge);
  if (!result.done()) result = a_.TryWrite(huge);
  EXPECT_GT(result.bytes, 0u);
  EXPECT_LT(result.bytes, huge.size());
  FillUp(a_);
  EXPECT_EQ(a_.TryWrite({"x", 1}).kind, Kind::kWantWrite);
}

TEST_P(StreamContractTest, OnceThereIsRoomItCanBeWrittenAgain) {
  const size_t written = FillUp(a_);
  EXPECT_EQ(Read(b_, written).size(), written);
  ends_->AwaitWritable(a_);
  Write(a_, "y");
  EXPECT_EQ(ReadOnce(b_), "y");
}

TEST_P(StreamContractTest, AFullDirectionDoesNotBlockTheOther) {
  FillUp(a_);
  Write(b_, "back");
  EXPECT_EQ(Read(a_, 4), "back");
}

TEST_P(StreamContractTest, AShutdownIsTheEndOfFileBehindTheBytes) {
  Write(a_, "last");
  EXPECT_TRUE(a_.TryShutdownWrite().done());
  EXPECT_EQ(Read(b_, 4), "last");
  EXPECT_EQ(ReadOnce(b_), "");
  EXPECT_EQ(ReadOnce(b_), "") << "the end of the file stays";
}

TEST_P(StreamContractTest, AShutdownLeavesTheOtherDirection) {
  EXPECT_TRUE(a_.TryShutdownWrite().done());
  EXPECT_EQ(ReadOnce(b_), "");
  Write(b_, "answer");
  EXPECT_EQ(Read(a_, 6), "answer");
}

TEST_P(StreamContractTest, WritingAfterAShutdownIsClosed) {
  EXPECT_TRUE(a_.error().ok());
  EXPECT_TRUE(a_.TryShutdownWrite().done());
  IoResult result = a_.TryWrite({"x", 1});
  if (!result.failed()) result = a_.TryWrite({"x", 1});
  EXPECT_TRUE(result.failed());
  EXPECT_EQ(a_.error().message(), "closed");
}

TEST_P(StreamContractTest, ASecondShutdownChangesNothing) {
  EXPECT_TRUE(a_.TryShutdownWrite().done());
  EXPECT_TRUE(a_.TryShutdownWrite().done());
  EXPECT_EQ(ReadOnce(b_), "");
}

TEST(ReplayStreamTest, GivesBackFirstWhatWasReadTooEarly) {
  MemoryStreamPair pair;
  ReplayStream stream("early", pair.a());
  const std::string late = "late";
  ASSERT_TRUE(pair.b().TryWrite(late).done());
  std::string text;
  char buffer[3];
  for (int i = 0; i < 4; ++i) {
    const IoResult result = stream.TryRead(absl::MakeSpan(buffer));
    ASSERT_TRUE(result.done());
    text.append(buffer, result.bytes);
    text += '|';
  }
  EXPECT_EQ(text, "ear|ly|lat|e|");
  EXPECT_EQ(stream.TryRead(absl::MakeSpan(buffer)).kind, Kind::kWantRead);
}

TEST(ReplayStreamTest, EarlyBytesComeBeforeTheEndAndBeforeAnError) {
  MemoryStreamPair pair;
  FaultyStream broken(pair.a(), {.fail_read_at = 0});
  ReplayStream stream("x", broken);
  char buffer[3];
  EXPECT_EQ(stream.TryRead(absl::MakeSpan(buffer)).bytes, 1u);
  EXPECT_TRUE(stream.TryRead(absl::MakeSpan(buffer)).failed());
  EXPECT_EQ(stream.error(), broken.error());
}

INSTANTIATE_TEST_SUITE_P(
    , StreamContractTest,
    testing::Values(
        Implementation{"Memory", [] { return std::make_unique<MemoryEnds>(); }},
        Implementation{"UnixSocket",
                       [] {
                         return std::make_unique<FdEnds>(
                             UnixPair(), FdStream::Kind::kUnixSocket);
                       }},
        // A socket, which read and write know, too: pipes have one direction.
        Implementation{"Pipe",
                       [] {
                         return std::make_unique<FdEnds>(UnixPair(),
                                                         FdStream::Kind::kPipe);
                       }},
        Implementation{"Replay", [] { return std::make_unique<ReplayEnds>(); }},
        Implementation{"TcpSocket",
                       [] { return std::make_unique<FdEnds>(TcpPair()); }},
        Implementation{"Network",
                       [] { return std::make_unique<NetworkEnds>(); }},
        Implementation{"Faulty", [] { return std::make_unique<FaultyEnds>(); }},
        Implementation{"Tls", [] { return std::make_unique<TlsEnds>(); }}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace lev
