#include "lev/tls/tls_bio.h"

#include <string>

#include "gtest/gtest.h"
#include "lev/net/memory_stream.h"
#include "tests/support/faulty_stream.h"

namespace lev {
namespace {

using Kind = IoResult::Kind;

// A BIO over one end of a pair; the test is the other end.
class TlsBioTest : public testing::Test {
 protected:
  ~TlsBioTest() override { BIO_free(bio_); }

  std::string Arrived() {
    char buffer[100];
    const IoResult read = pair_.b().TryRead(absl::MakeSpan(buffer));
    return std::string(buffer, read.bytes);
  }
  int Write(const std::string& text) {
    return BIO_write(bio_, text.data(), static_cast<int>(text.size()));
  }

  MemoryStreamPair pair_{4};
  FaultyStream beneath_{pair_.a(), {.fail_write_at = 8}};
  TlsBio bio_owner_{beneath_};
  BIO* const bio_ = bio_owner_.NewBio();
};

TEST_F(TlsBioTest, WhatThereIsRoomForGoesAtOnce) {
  EXPECT_EQ(Write("abc"), 3);
  EXPECT_EQ(bio_owner_.held(), 0u);
  EXPECT_EQ(Arrived(), "abc");
}

TEST_F(TlsBioTest, WhatThereIsNoRoomForIsKeptInOrder) {
  EXPECT_EQ(Write("abcde"), 5);
  EXPECT_EQ(Write("fg"), 2);
  EXPECT_EQ(bio_owner_.held(), 3u);
  EXPECT_EQ(bio_owner_.Flush().kind, Kind::kWantWrite);
  EXPECT_EQ(Arrived(), "abcd");
  EXPECT_TRUE(bio_owner_.Flush().done());
  EXPECT_EQ(Arrived(), "efg");
}

TEST_F(TlsBioTest, AFailedWriteIsToldApartFromReading) {
  EXPECT_EQ(Write("abcd"), 4);
  Arrived();
  EXPECT_EQ(Write("efgh"), 4);
  Arrived();
  EXPECT_EQ(Write("more"), 4) << "OpenSSL is told that all is well";
  EXPECT_EQ(bio_owner_.write_error().message(), "Connection reset by peer");
  EXPECT_TRUE(bio_owner_.Flush().failed());
  EXPECT_EQ(bio_owner_.held(), 0u);
  pair_.b().TryWrite({"in", 2});
  char in[2];
  EXPECT_EQ(BIO_read(bio_, in, 2), 2);
}

TEST_F(TlsBioTest, WithNothingToReadItSaysRetry) {
  char in[2];
  EXPECT_LT(BIO_read(bio_, in, 2), 0);
  EXPECT_TRUE(BIO_should_read(bio_));
  EXPECT_TRUE(bio_owner_.read_end().ok());
}

TEST_F(TlsBioTest, TheEndLooksLikeNothingAndIsRemembered) {
  pair_.b().TryShutdownWrite();
  char in[2];
  EXPECT_LT(BIO_read(bio_, in, 2), 0);
  EXPECT_TRUE(BIO_should_read(bio_));
  EXPECT_EQ(bio_owner_.read_end().message(), "closed");
  EXPECT_EQ(Write("ab"), 2);
  EXPECT_EQ(Arrived(), "ab");
}

}  // namespace
}  // namespace lev
