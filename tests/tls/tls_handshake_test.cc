// How handshakes end: agreed, or with an error on either side that says why.
// Tests lev/tls/tls_error.cc.

#include <openssl/err.h>

#include <string>

#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/tls/tls_stream.h"
#include "tests/support/tls_world.h"

namespace lev {
namespace {

using Kind = IoResult::Kind;

class TlsHandshakeTest : public testing::Test {
 protected:
  ~TlsHandshakeTest() override {
    EXPECT_EQ(ERR_peek_error(), 0u) << "left in OpenSSL's queue";
  }

  // Both ends of a handshake that fails.
  struct Errors {
    std::string client;
    std::string server;
  };
  static Errors Fail(const TlsConfig& client_config,
                     const TlsConfig& server_config,
                     const TlsPeer& peer = {.name = "localhost"}) {
    const auto client = TlsWorld::Make(client_config);
    const auto server = TlsWorld::Make(server_config);
    TlsPair pair(*client, *server, peer);
    EXPECT_FALSE(pair.Handshake());
    // In TLS 1.3 a client hears late what a server thinks of its certificate.
    char byte;
    if (pair.client_error.ok() &&
        pair.client.TryRead(absl::MakeSpan(&byte, 1)).failed()) {
      pair.client_error = pair.client.error();
    }
    return {std::string(pair.client_error.message()),
            std::string(pair.server_error.message())};
  }

  // The client's error when the server shows such a certificate.
  std::string Refusal(const CertificateSpec& spec,
                      const TlsPeer& peer = {.name = "localhost"}) {
    const TlsIdentity identity = world_.Issue(spec);
    TlsConfig config = world_.ServerConfig();
    config.identity = &identity;
    return Fail(world_.ClientConfig(), config, peer).client;
  }

  // What a stream says to a peer who sends `bytes` and, maybe, hangs up.
  static std::string Answer(const TlsConfig& config, const std::string& bytes,
                            bool hang_up) {
    const auto context = TlsWorld::Make(config);
    MemoryStreamPair memory;
    TlsStream stream(*context, memory.a(), {.name = "localhost"});
    memory.b().TryWrite(bytes);
    if (hang_up) memory.b().TryShutdownWrite();
    const IoResult result = stream.TryHandshake();
    if (!result.failed()) return "blocked";
    EXPECT_TRUE(stream.TryHandshake().failed()) << "and stays so";
    EXPECT_TRUE(stream.TryWrite({"x", 1}).failed());
    return std::string(stream.error().message()) + DetailOf(stream.error());
  }

  TlsWorld world_;
};

TEST_F(TlsHandshakeTest, ACertificateOutOfItsTimeIsRefused) {
  EXPECT_EQ(Refusal({.from = -7200, .until = -3600}),
            "certificate verify failed: certificate has expired");
  EXPECT_EQ(Refusal({.from = 3600, .until = 7200}),
            "certificate verify failed: certificate is not yet valid");
}

TEST_F(TlsHandshakeTest, ACertificateForAnotherNameIsRefused) {
  EXPECT_EQ(Refusal({}, {.name = "example.org"}),
            "certificate verify failed: hostname mismatch");
  EXPECT_EQ(Refusal({}, {.name = "127.0.0.2"}),
            "certificate verify failed: IP address mismatch");
}

TEST_F(TlsHandshakeTest, ANameInTheCertificateMayBeAWildcard) {
  const TlsIdentity identity = world_.Issue({.names = "DNS:*.example.org"});
  TlsConfig config = world_.ServerConfig();
  config.identity = &identity;
  const auto server = TlsWorld::Make(config);
  const auto client = TlsWorld::Make(world_.ClientConfig());
  TlsPair good(*client, *server, {.name = "a.example.org"});
  EXPECT_TRUE(good.Handshake()) << good.client_error;
  TlsPair bad(*client, *server, {.name = "a.b.example.org"});
  EXPECT_FALSE(bad.Handshake());
}

TEST_F(TlsHandshakeTest, AddressesAreVerifiedAndNotAskedFor) {
  const auto server = TlsWorld::Make(world_.ServerConfig());
  const auto client = TlsWorld::Make(world_.ClientConfig());
  for (const std::string name : {"127.0.0.1", "::1"}) {
    TlsPair pair(*client, *server, {.name = name});
    EXPECT_TRUE(pair.Handshake()) << pair.client_error;
    EXPECT_EQ(pair.server.Info().server_name, "");
  }
}

TEST_F(TlsHandshakeTest, AnUnknownAuthorityIsRefusedOnBothSides) {
  TlsConfig config = world_.ClientConfig();
  config.ca_file = world_.files.Write("other.pem", TestAuthority("x").Pem());
  const Errors errors = Fail(config, world_.ServerConfig());
  EXPECT_EQ(errors.client,
            "certificate verify failed: unable to get local issuer "
            "certificate");
  EXPECT_EQ(errors.server, "tls alert: unknown ca");
}

TEST_F(TlsHandshakeTest, ToVerifyANameIsNeeded) {
  EXPECT_EQ(Fail(world_.ClientConfig(), world_.ServerConfig(), {}).client,
            "to verify the peer, its server_name is needed");
}

TEST_F(TlsHandshakeTest, WhatIsNoNameIsRefused) {
  const TlsPeer nul{.name = std::string("localhost\0.evil", 15)};
  EXPECT_EQ(Fail(world_.ClientConfig(), world_.ServerConfig(), nul).client,
            "invalid server_name '" + nul.name + "'");
  const TlsPeer blank{.name = "a b"};
  EXPECT_EQ(Fail(world_.ClientConfig(), world_.ServerConfig(), blank).client,
            "invalid server_name 'a b'");
}

TEST_F(TlsHandshakeTest, AClientWithoutACertificateIsRefused) {
  TlsConfig config = world_.ServerConfig();
  config.verify = true;
  config.ca_file = world_.ca_file;
  const Errors errors = Fail(world_.ClientConfig(), config);
  EXPECT_EQ(errors.server, "tls handshake: peer did not return a certificate");
  EXPECT_EQ(errors.client, "tls alert: certificate required");
}

TEST_F(TlsHandshakeTest, AClientOfAnotherAuthorityIsRefused) {
  const TlsIdentity mine = world_.Issue({.name = "me"});
  TlsConfig client = world_.ClientConfig();
  client.identity = &mine;
  TlsConfig server = world_.ServerConfig();
  server.verify = true;
  server.ca_file = world_.files.Write("other.pem", TestAuthority("x").Pem());
  const Errors errors = Fail(client, server);
  EXPECT_EQ(errors.server,
            "certificate verify failed: unable to get local issuer "
            "certificate");
  EXPECT_EQ(errors.client, "tls alert: unknown ca");
}

TEST_F(TlsHandshakeTest, VersionsThatDoNotMeetAreRefused) {
  TlsConfig client = world_.ClientConfig();
  client.max_version = TlsVersion::k12;
  TlsConfig server = world_.ServerConfig();
  server.min_version = TlsVersion::k13;
  const Errors errors = Fail(client, server);
  EXPECT_EQ(errors.server, "tls handshake: unsupported protocol");
  EXPECT_EQ(errors.client, "tls alert: protocol version");
}

TEST_F(TlsHandshakeTest, CiphersThatDoNotMeetAreRefused) {
  TlsConfig client = world_.ClientConfig();
  client.ciphers = "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256";
  TlsConfig server = world_.ServerConfig();
  server.ciphers = "TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES256-GCM-SHA384";
  EXPECT_EQ(Fail(client, server).server, "tls handshake: no shared cipher");
}

TEST_F(TlsHandshakeTest, TheServersFirstCommonProtocolIsTaken) {
  TlsConfig client_config = world_.ClientConfig();
  client_config.alpn = {"http/1.1", "h2", "h3"};
  TlsConfig server_config = world_.ServerConfig();
  server_config.alpn = {"spdy", "h2", "http/1.1"};
  const auto client = TlsWorld::Make(client_config);
  const auto server = TlsWorld::Make(server_config);
  TlsPair pair(*client, *server);
  ASSERT_TRUE(pair.Handshake());
  EXPECT_EQ(pair.client.Info().alpn, "h2");
  EXPECT_EQ(pair.server.Info().alpn, "h2");
  const auto silent = TlsWorld::Make(world_.ClientConfig());
  TlsPair without(*silent, *server);
  ASSERT_TRUE(without.Handshake());
  EXPECT_EQ(without.client.Info().alpn, "");
}

TEST_F(TlsHandshakeTest, ProtocolsThatDoNotMeetAreRefused) {
  TlsConfig client = world_.ClientConfig();
  client.alpn = {"h3"};
  TlsConfig server = world_.ServerConfig();
  server.alpn = {"h2"};
  const Errors errors = Fail(client, server);
  EXPECT_EQ(errors.client, "tls alert: no application protocol");
  EXPECT_EQ(errors.server, "tls handshake: no application protocol");
}

TEST_F(TlsHandshakeTest, GarbageIsToldFromSilence) {
  const std::string garbage = "GARBAGE GARBAGE GARBAGE\r\n";
  EXPECT_EQ(Answer(world_.ClientConfig(), garbage, false),
            "tls handshake: wrong version number");
  EXPECT_EQ(Answer(world_.ServerConfig(), garbage, false),
            "tls handshake: wrong version number");
  EXPECT_EQ(Answer(world_.ServerConfig(), "GET / HTTP/1.0\r\n\r\n", false),
            "tls handshake: http request");
  EXPECT_EQ(Answer(world_.ClientConfig(), "", false), "blocked");
  EXPECT_EQ(Answer(world_.ServerConfig(), "\x16\x03", false), "blocked");
}

TEST_F(TlsHandshakeTest, APeerThatHangsUpIsClosedAndTruncated) {
  EXPECT_EQ(Answer(world_.ClientConfig(), "", true), "closedtruncated");
  EXPECT_EQ(Answer(world_.ServerConfig(), "", true), "closedtruncated");
  EXPECT_EQ(Answer(world_.ServerConfig(), "\x16\x03", true), "closedtruncated");
}

TEST_F(TlsHandshakeTest, TheKeyLogHoldsTheSecrets) {
  TlsConfig config = world_.ClientConfig();
  config.key_log = world_.files.Path("keys.log");
  const auto client = TlsWorld::Make(config);
  const auto server = TlsWorld::Make(world_.ServerConfig());
  TlsPair pair(*client, *server);
  ASSERT_TRUE(pair.Handshake());
  const std::string log = TestFiles::Read(config.key_log);
  EXPECT_EQ(log.back(), '\n');
  for (const char* label :
       {"CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "CLIENT_TRAFFIC_SECRET_0 ",
        "SERVER_TRAFFIC_SECRET_0 ", "EXPORTER_SECRET "}) {
    EXPECT_NE(log.find(label), std::string::npos) << label;
  }
}

}  // namespace
}  // namespace lev
