#include "lev/tls/ticket_keys.h"

#include <openssl/evp.h>

#include <array>

#include "gtest/gtest.h"

namespace lev {
namespace {

using Name = std::array<unsigned char, 16>;

class TicketKeysTest : public testing::Test {
 protected:
  TicketKeysTest() : keys_([this] { return now_; }) {}
  ~TicketKeysTest() override {
    EVP_CIPHER_CTX_free(cipher_);
    EVP_MAC_CTX_free(mac_);
    EVP_MAC_free(hmac_);
  }

  // The name of the key that seals now.
  Name Seal() {
    Name name = {};
    EXPECT_EQ(keys_.Prepare(name.data(), iv_, cipher_, mac_, true), 1);
    return name;
  }
  int Open(Name name) {
    return keys_.Prepare(name.data(), iv_, cipher_, mac_, false);
  }

  int64_t now_ = 1000;
  TicketKeys keys_;
  unsigned char iv_[EVP_MAX_IV_LENGTH];
  EVP_CIPHER_CTX* const cipher_ = EVP_CIPHER_CTX_new();
  EVP_MAC* const hmac_ = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* const mac_ = EVP_MAC_CTX_new(hmac_);
};

TEST_F(TicketKeysTest, TheCurrentKeyOpensWhatItSealed) {
  EXPECT_EQ(Open(Seal()), 1);
  EXPECT_EQ(Seal(), Seal());
}

TEST_F(TicketKeysTest, AnUnknownKeyOpensNothing) {
  EXPECT_EQ(Open(Name{1, 2, 3}), 0);
}

TEST_F(TicketKeysTest, AfterARotationOldTicketsAreOpenedAndReplaced) {
  const Name old = Seal();
  EXPECT_TRUE(keys_.Rotate());
  EXPECT_NE(Seal(), old);
  EXPECT_EQ(Open(old), 2);
}

TEST_F(TicketKeysTest, TheOldestOfManyKeysIsForgotten) {
  const Name old = Seal();
  for (size_t i = 1; i < TicketKeys::kMostKeys; ++i) keys_.Rotate();
  EXPECT_EQ(Open(old), 2);
  keys_.Rotate();
  EXPECT_EQ(Open(old), 0);
}

TEST_F(TicketKeysTest, AKeyIsReplacedWhenItsTimeHasCome) {
  const Name old = Seal();
  now_ += TicketKeys::kRotateAfter - 1;
  EXPECT_EQ(Seal(), old);
  now_ += 1;
  EXPECT_NE(Seal(), old);
  EXPECT_EQ(Open(old), 2);
}

TEST_F(TicketKeysTest, AfterALongSilenceOldTicketsAreNotOpened) {
  const Name old = Seal();
  now_ += 10 * TicketKeys::kRotateAfter;
  EXPECT_EQ(Open(old), 0);
}

}  // namespace
}  // namespace lev
