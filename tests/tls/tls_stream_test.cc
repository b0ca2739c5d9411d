#include "lev/tls/tls_stream.h"

#include <string>

#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "tests/support/tls_world.h"

namespace lev {
namespace {

using Kind = IoResult::Kind;

// Everything, in either version.
class TlsStreamTest : public testing::TestWithParam<TlsVersion> {
 protected:
  TlsConfig Limited(TlsConfig config) {
    config.min_version = GetParam();
    if (GetParam() == TlsVersion::k12) config.max_version = TlsVersion::k12;
    return config;
  }

  // Stops in the middle of a record that does not fit.
  static void FillUp(Stream& stream) {
    const std::string block(16'000, 'x');
    while (stream.TryWrite(block).done()) {
    }
  }

  static Kind ReadKind(Stream& stream) {
    char byte;
    return stream.TryRead(absl::MakeSpan(&byte, 1)).kind;
  }

  TlsWorld world_;
  const std::unique_ptr<TlsContext> client_context_ =
      TlsWorld::Make(Limited(world_.ClientConfig()));
  const std::unique_ptr<TlsContext> server_context_ =
      TlsWorld::Make(Limited(world_.ServerConfig()));
  TlsPair pair_{*client_context_, *server_context_};
};

TEST_P(TlsStreamTest, BytesPassBothWays) {
  ASSERT_TRUE(pair_.Handshake()) << pair_.client_error << pair_.server_error;
  const std::string much(1 << 20, 'm');
  EXPECT_EQ(TlsPair::Pass(pair_.client, pair_.server, "hello"), "hello");
  EXPECT_EQ(TlsPair::Pass(pair_.server, pair_.client, much), much);
  EXPECT_TRUE(pair_.client.error().ok());
}

TEST_P(TlsStreamTest, ASendThatWasGivenUpDoesNotSpoilTheNext) {
  ASSERT_TRUE(pair_.Handshake());
  FillUp(pair_.client);
  EXPECT_EQ(pair_.client.TryWrite({"other", 5}).kind, Kind::kWantWrite);
  std::string got;
  while (pair_.client.TryWrite({}).kind == Kind::kWantWrite) {
    TlsPair::Drain(pair_.server, got);
  }
  EXPECT_EQ(pair_.client.TryWrite({"!", 1}).bytes, 1u);
  TlsPair::Drain(pair_.server, got);
  EXPECT_EQ(got.substr(got.size() - 2), "x!");
}

TEST_P(TlsStreamTest, AnEmptyWriteIsDoneWhenNothingIsHeldBack) {
  ASSERT_TRUE(pair_.Handshake());
  EXPECT_TRUE(pair_.client.TryWrite({}).done());
  FillUp(pair_.client);
  EXPECT_EQ(pair_.client.TryWrite({}).kind, Kind::kWantWrite);
}

TEST_P(TlsStreamTest, ReadingGoesOnWhileWritingIsBlocked) {
  ASSERT_TRUE(pair_.Handshake());
  FillUp(pair_.client);
  EXPECT_EQ(TlsPair::Pass(pair_.server, pair_.client, "back"), "back");
}

TEST_P(TlsStreamTest, AGoodbyeIsTheEndOfTheFile) {
  ASSERT_TRUE(pair_.Handshake());
  EXPECT_TRUE(pair_.client.TryWrite({"last", 4}).done());
  EXPECT_TRUE(pair_.client.TryShutdownWrite().done());
  std::string got;
  EXPECT_TRUE(TlsPair::Drain(pair_.server, got).end_of_file());
  EXPECT_EQ(got, "last");
  EXPECT_EQ(TlsPair::Pass(pair_.server, pair_.client, "answer"), "answer");
}

TEST_P(TlsStreamTest, AnEndWithoutAGoodbyeIsTruncated) {
  ASSERT_TRUE(pair_.Handshake());
  EXPECT_TRUE(pair_.client.TryWrite({"last", 4}).done());
  pair_.memory().a().TryShutdownWrite();
  std::string got;
  EXPECT_TRUE(TlsPair::Drain(pair_.server, got).failed());
  EXPECT_EQ(got, "last");
  EXPECT_EQ(pair_.server.error(), TruncatedError());
  EXPECT_EQ(TlsPair::Pass(pair_.server, pair_.client, "still"), "still");
}

TEST_P(TlsStreamTest, AnEndWithinARecordIsTruncated) {
  ASSERT_TRUE(pair_.Handshake());
  MemoryStreamPair& memory = pair_.memory();
  EXPECT_TRUE(pair_.client.TryWrite({"secret", 6}).done());
  char record[100];
  const IoResult size = memory.b().TryRead(absl::MakeSpan(record));
  memory.a().TryWrite({record, size.bytes - 1});
  memory.a().TryShutdownWrite();
  EXPECT_EQ(ReadKind(pair_.server), Kind::kFailed);
  EXPECT_EQ(pair_.server.error(), TruncatedError());
}

TEST_P(TlsStreamTest, ATamperedRecordBreaksTheConnection) {
  ASSERT_TRUE(pair_.Handshake());
  MemoryStreamPair& memory = pair_.memory();
  EXPECT_TRUE(pair_.client.TryWrite({"secret", 6}).done());
  char record[100];
  const IoResult size = memory.b().TryRead(absl::MakeSpan(record));
  record[size.bytes - 1] ^= 1;
  memory.a().TryWrite({record, size.bytes});
  EXPECT_EQ(ReadKind(pair_.server), Kind::kFailed);
  EXPECT_EQ(pair_.server.error().message(),
            "tls: decryption failed or bad record mac");
  EXPECT_TRUE(pair_.server.TryWrite({"x", 1}).failed());
  EXPECT_EQ(ReadKind(pair_.client), Kind::kFailed);
  EXPECT_EQ(pair_.client.error().message(), "tls alert: bad record mac");
}

TEST_P(TlsStreamTest, NewKeysOnEitherSideAreNotNoticed) {
  ASSERT_TRUE(pair_.Handshake());
  const bool possible = GetParam() == TlsVersion::k13;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(pair_.server.UpdateKeys(), possible);
    EXPECT_EQ(TlsPair::Pass(pair_.server, pair_.client, "a"), "a");
    EXPECT_EQ(pair_.client.UpdateKeys(), possible);
    EXPECT_EQ(TlsPair::Pass(pair_.client, pair_.server, "b"), "b");
  }
}

TEST_P(TlsStreamTest, NewKeysWhileTheirAnswerIsBlocked) {
  ASSERT_TRUE(pair_.Handshake());
  FillUp(pair_.client);
  pair_.server.UpdateKeys();
  EXPECT_EQ(TlsPair::Pass(pair_.server, pair_.client, "a"), "a");
  std::string got;
  TlsPair::Drain(pair_.server, got);
  EXPECT_EQ(TlsPair::Pass(pair_.client, pair_.server, "b").back(), 'b');
}

INSTANTIATE_TEST_SUITE_P(, TlsStreamTest,
                         testing::Values(TlsVersion::k12, TlsVersion::k13),
                         [](const auto& version) {
                           return version.param == TlsVersion::k12 ? "Tls12"
                                                                   : "Tls13";
                         });

}  // namespace
}  // namespace lev
