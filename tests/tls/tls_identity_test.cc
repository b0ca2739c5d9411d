// Tests lev/tls/pem_file.cc as well.

#include "lev/tls/tls_identity.h"

#include <openssl/pem.h>
#include <sys/stat.h>

#include <string>

#include "gtest/gtest.h"
#include "lev/tls/pem_file.h"
#include "tests/support/certificates.h"

namespace lev {
namespace {

class TlsIdentityTest : public testing::Test {
 protected:
  std::string ErrorOf(const std::string& certificate, const std::string& key) {
    const auto identity = TlsIdentity::Load(certificate, key);
    EXPECT_FALSE(identity.ok());
    return std::string(identity.status().message());
  }

  TestFiles files_;
  TestAuthority authority_;
  const PemPair pair_ = authority_.Issue();
  const std::string cert_ = files_.Write("x.pem", pair_.certificate);
  const std::string key_ = files_.Write("k.pem", pair_.key);
};

TEST_F(TlsIdentityTest, ACertificateAndItsKeyAreLoaded) {
  const auto identity = TlsIdentity::Load(cert_, key_);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_TRUE(identity->IsFor("localhost"));
  EXPECT_TRUE(identity->IsFor("127.0.0.1"));
  EXPECT_FALSE(identity->IsFor("example.org"));
}

TEST_F(TlsIdentityTest, OneFileMayHoldEverything) {
  const std::string all =
      files_.Write("all.pem", pair_.key + pair_.certificate + authority_.Pem());
  const auto identity = TlsIdentity::Load(all, all);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(sk_X509_num(identity->chain()), 1);
}

TEST_F(TlsIdentityTest, AMissingFileIsNamed) {
  const std::string no = files_.Path("no.pem");
  EXPECT_EQ(ErrorOf(no, key_),
            "cannot read certificate '" + no + "': No such file or directory");
  EXPECT_EQ(ErrorOf(cert_, no),
            "cannot read private key '" + no + "': No such file or directory");
}

TEST_F(TlsIdentityTest, WhatIsNoRegularFileIsNotRead) {
  const std::string folder = files_.Path("");
  EXPECT_EQ(ErrorOf(folder, key_),
            "cannot read certificate '" + folder + "': Is a directory");
  const std::string fifo = files_.Path("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(ErrorOf(fifo, key_),
            "cannot read certificate '" + fifo + "': Invalid argument");
  const std::string nul = cert_ + std::string("\0x", 2);
  EXPECT_NE(ErrorOf(nul, key_).find("No such file"), std::string::npos);
}

TEST_F(TlsIdentityTest, AFileWithoutWhatIsLookedForIsNamed) {
  const std::string garbage = files_.Write("g.pem", "garbage\n");
  EXPECT_EQ(ErrorOf(garbage, key_), "'" + garbage + "' holds no certificate");
  EXPECT_EQ(ErrorOf(cert_, garbage), "'" + garbage + "' holds no private key");
  EXPECT_EQ(ErrorOf(key_, cert_), "'" + key_ + "' holds no certificate");
  const std::string empty = files_.Write("e.pem", "");
  EXPECT_EQ(ErrorOf(empty, key_), "'" + empty + "' holds no certificate");
}

TEST_F(TlsIdentityTest, ADamagedFileIsNamed) {
  const std::string half = files_.Write(
      "h.pem", pair_.certificate.substr(0, pair_.certificate.size() / 2));
  EXPECT_EQ(ErrorOf(half, key_), "'" + half + "' holds a damaged certificate");
  std::string bytes = pair_.key;
  bytes.replace(60, 4, "AAAA");
  const std::string bad = files_.Write("b.pem", bytes);
  EXPECT_EQ(ErrorOf(cert_, bad), "'" + bad + "' holds a damaged private key");
}

TEST_F(TlsIdentityTest, AKeyOfAnotherCertificateDoesNotMatch) {
  const std::string other = files_.Write("o.pem", authority_.Issue().key);
  EXPECT_EQ(
      ErrorOf(cert_, other),
      "private key '" + other + "' does not match certificate '" + cert_ + "'");
}

TEST_F(TlsIdentityTest, AnEncryptedKeyIsNotAskedFor) {
  const auto key = ParsePrivateKey(pair_.key, "k");
  ASSERT_TRUE(key.ok());
  const std::string path = files_.Path("secret.pem");
  FILE* const file = fopen(path.c_str(), "w");
  unsigned char phrase[] = "secret";
  PEM_write_PrivateKey(file, key->get(), EVP_aes_128_cbc(), phrase, 6, nullptr,
                       nullptr);
  fclose(file);
  EXPECT_EQ(ErrorOf(cert_, path), "private key '" + path + "' is encrypted");
}

TEST_F(TlsIdentityTest, AReloadTakesWhatIsInTheFilesNow) {
  auto identity = TlsIdentity::Load(cert_, key_);
  ASSERT_TRUE(identity.ok());
  const PemPair next = authority_.Issue({.name = "next", .names = "DNS:next"});
  files_.Write("x.pem", next.certificate);
  files_.Write("k.pem", next.key);
  EXPECT_EQ(identity->generation(), 0);
  EXPECT_TRUE(identity->Reload().ok());
  EXPECT_EQ(identity->generation(), 1);
  EXPECT_TRUE(identity->IsFor("next"));
}

TEST_F(TlsIdentityTest, AFailedReloadChangesNothing) {
  auto identity = TlsIdentity::Load(cert_, key_);
  ASSERT_TRUE(identity.ok());
  files_.Write("k.pem", authority_.Issue().key);
  EXPECT_FALSE(identity->Reload().ok());
  EXPECT_EQ(identity->generation(), 0);
  EXPECT_TRUE(identity->IsFor("localhost"));
  EXPECT_EQ(X509_check_private_key(identity->certificate(), identity->key()),
            1);
}

TEST_F(TlsIdentityTest, ATrustFileNeedsACertificate) {
  EXPECT_TRUE(ParseTrust(pair_.key + authority_.Pem(), "ca").ok());
  EXPECT_EQ(ParseTrust("", "ca").status().message(),
            "'ca' holds no certificate");
  EXPECT_EQ(ParseTrust(pair_.key, "ca").status().message(),
            "'ca' holds no certificate");
  const std::string half = authority_.Pem().substr(0, 200);
  EXPECT_FALSE(ParseTrust(half, "ca").ok());
}

}  // namespace
}  // namespace lev
