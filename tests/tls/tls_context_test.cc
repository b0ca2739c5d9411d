// Tests lev/tls/tls_settings.cc and lev/tls/tls_trust.cc as well.

#include "lev/tls/tls_context.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/support/tls_world.h"

namespace lev {
namespace {

class TlsContextTest : public testing::Test {
 protected:
  static std::string ErrorOf(const TlsConfig& config) {
    const auto context = TlsContext::Create(config);
    EXPECT_FALSE(context.ok());
    return std::string(context.status().message());
  }

  // What a client that asks for `name` is shown, or the error.
  std::string Shown(TlsContext& server, const std::string& name) {
    TlsConfig config;
    config.verify = false;
    const auto client = TlsWorld::Make(config);
    TlsPair pair(*client, server, {.name = name});
    if (!pair.Handshake()) return std::string(pair.client_error.message());
    return pair.client.Info().peer->subject;
  }

  TlsWorld world_;
};

TEST_F(TlsContextTest, AServerNeedsAnIdentity) {
  EXPECT_EQ(ErrorOf({.role = TlsRole::kServer, .verify = false}),
            "a server needs a certificate and its key");
}

TEST_F(TlsContextTest, AServerThatVerifiesNeedsToKnowWhomToTrust) {
  TlsConfig config = world_.ServerConfig();
  config.verify = true;
  EXPECT_EQ(ErrorOf(config), "to verify clients, a server needs a cafile");
}

TEST_F(TlsContextTest, AMissingTrustFileIsNamed) {
  EXPECT_EQ(ErrorOf({.ca_file = "/no/ca.pem"}),
            "cannot read cafile '/no/ca.pem': No such file or directory");
}

TEST_F(TlsContextTest, UnknownCiphersAreRefused) {
  EXPECT_EQ(ErrorOf({.ciphers = "NO-SUCH"}),
            "ciphers 'NO-SUCH': no cipher match");
  EXPECT_EQ(ErrorOf({.ciphers = "TLS_NO_SUCH"}),
            "ciphers 'TLS_NO_SUCH': no cipher match");
}

TEST_F(TlsContextTest, AProtocolNameHasALimit) {
  EXPECT_EQ(ErrorOf({.alpn = {""}}),
            "alpn: a protocol's name has 1 to 255 bytes");
  EXPECT_EQ(ErrorOf({.alpn = {std::string(256, 'x')}}),
            "alpn: a protocol's name has 1 to 255 bytes");
  EXPECT_EQ(
      ErrorOf({.alpn = std::vector<std::string>(300, std::string(255, 'x'))}),
      "alpn: too many protocols");
}

TEST_F(TlsContextTest, AKeyLogThatCannotBeWrittenIsNamed) {
  EXPECT_EQ(ErrorOf({.verify = false, .key_log = "/no/log"}),
            "cannot open key log '/no/log': No such file or directory");
}

TEST_F(TlsContextTest, ABadHostIsRefusedByName) {
  for (const std::string name : {"", "a b", "*", "*.*.org"}) {
    TlsConfig config = world_.ServerConfig();
    config.hosts = {{name, &world_.identity}};
    EXPECT_EQ(ErrorOf(config),
              "hosts: '" + name + "' is not a host name, or comes twice");
  }
}

TEST_F(TlsContextTest, TheServerShowsWhomTheClientAsksFor) {
  const TlsIdentity exact = world_.Issue({.name = "exact"});
  const TlsIdentity wild = world_.Issue({.name = "wild"});
  TlsConfig config = world_.ServerConfig();
  config.hosts = {{"example.org", &exact}, {"*.example.org", &wild}};
  const auto server = TlsWorld::Make(config);
  EXPECT_EQ(Shown(*server, "EXAMPLE.org"), "CN=exact");
  EXPECT_EQ(Shown(*server, "a.example.org"), "CN=wild");
  EXPECT_EQ(Shown(*server, "a.b.example.org"), "CN=localhost");
  EXPECT_EQ(Shown(*server, "127.0.0.1"), "CN=localhost") << "asks for no name";
  EXPECT_EQ(Shown(*server, ""), "CN=localhost");
}

TEST_F(TlsContextTest, WithoutADefaultAnUnknownNameIsRefused) {
  TlsConfig config{.role = TlsRole::kServer, .verify = false};
  config.hosts = {{"example.org", &world_.identity}};
  const auto server = TlsWorld::Make(config);
  EXPECT_EQ(Shown(*server, "example.org"), "CN=localhost");
  EXPECT_EQ(Shown(*server, "other.org"), "tls alert: unrecognized name");
  EXPECT_EQ(Shown(*server, ""), "tls alert: unrecognized name");
}

TEST_F(TlsContextTest, AnOldContextServesWhatItHasBegun) {
  TlsIdentity identity = world_.Issue({.name = "old"});
  TlsConfig config = world_.ServerConfig();
  config.identity = &identity;
  const auto old_server = TlsWorld::Make(config);
  const auto client = TlsWorld::Make(world_.ClientConfig());
  TlsPair pair(*client, *old_server);
  EXPECT_EQ(pair.client.TryHandshake().kind, IoResult::Kind::kWantRead);
  world_.Issue({.name = "new"});  // Into the same files.
  ASSERT_TRUE(identity.Reload().ok());
  const auto new_server = TlsWorld::Make(config);
  EXPECT_TRUE(pair.Handshake());
  EXPECT_EQ(pair.client.Info().peer->subject, "CN=old");
  EXPECT_EQ(Shown(*new_server, "localhost"), "CN=new");
}

TEST_F(TlsContextTest, UsersAreCounted) {
  const auto client = TlsWorld::Make(world_.ClientConfig());
  const auto server = TlsWorld::Make(world_.ServerConfig());
  {
    const TlsPair pair(*client, *server);
    EXPECT_EQ(client->users(), 1);
  }
  EXPECT_EQ(client->users(), 0);
}

TEST_F(TlsContextTest, ARevokedCertificateIsRefusedByAList) {
  TlsConfig config = world_.ClientConfig();
  config.ca_file = world_.files.Write(
      "with_crl.pem",
      world_.authority.Pem() +
          world_.authority.Revoke(world_.identity.certificate()));
  const auto client = TlsWorld::Make(config);
  const auto server = TlsWorld::Make(world_.ServerConfig());
  TlsPair pair(*client, *server);
  EXPECT_FALSE(pair.Handshake());
  EXPECT_EQ(pair.client_error.message(),
            "certificate verify failed: certificate revoked");
}

}  // namespace
}  // namespace lev
