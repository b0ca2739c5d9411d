#include "lev/tls/tls_info.h"

#include <time.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/tls/tls_stream.h"
#include "tests/support/tls_world.h"

namespace lev {
namespace {

using testing::ElementsAre;

TEST(TlsInfoTest, ACertificateIsDescribed) {
  TlsWorld world;
  const TlsIdentity identity =
      world.Issue({.name = "M\xc3\xbcller",
                   .names = "DNS:a.org,IP:10.0.0.1,IP:2001:db8::1"});
  const TlsCertificate description =
      DescribeCertificate(identity.certificate());
  EXPECT_EQ(description.subject, "CN=M\xc3\xbcller");
  EXPECT_EQ(description.issuer, "CN=lev test authority");
  EXPECT_FALSE(description.serial.empty());
  EXPECT_LT(description.not_before, time(nullptr));
  EXPECT_GT(description.not_after, time(nullptr));
  EXPECT_EQ(description.fingerprint_sha256.size(), 64u);
  EXPECT_THAT(description.names,
              ElementsAre("a.org", "10.0.0.1", "2001:db8:0:0:0:0:0:1"));
  EXPECT_EQ(description.pem, TestFiles::Read(world.files.Path("some.pem")));
}

TEST(TlsInfoTest, BothSidesSeeWhatWasAgreedOn) {
  TlsWorld world;
  const TlsIdentity mine = world.Issue({.name = "me"});
  TlsConfig client_config = world.ClientConfig();
  client_config.identity = &mine;
  TlsConfig server_config = world.ServerConfig();
  server_config.verify = true;
  server_config.ca_file = world.ca_file;
  server_config.ciphers = "TLS_AES_128_GCM_SHA256";
  const auto client = TlsWorld::Make(client_config);
  const auto server = TlsWorld::Make(server_config);
  TlsPair pair(*client, *server);
  ASSERT_TRUE(pair.Handshake());
  const TlsInfo at_client = pair.client.Info();
  const TlsInfo at_server = pair.server.Info();
  EXPECT_EQ(at_client.version, "TLSv1.3");
  EXPECT_EQ(at_client.cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(at_client.peer->subject, "CN=localhost");
  EXPECT_TRUE(at_client.verified);
  EXPECT_EQ(at_server.server_name, "localhost");
  EXPECT_EQ(at_server.peer->subject, "CN=me");
  EXPECT_TRUE(at_server.verified);
}

TEST(TlsInfoTest, WhoDoesNotVerifyDoesNotClaimTo) {
  TlsWorld world;
  TlsConfig config;
  config.verify = false;
  const auto client = TlsWorld::Make(config);
  const auto server = TlsWorld::Make(world.ServerConfig());
  TlsPair pair(*client, *server);
  ASSERT_TRUE(pair.Handshake());
  EXPECT_FALSE(pair.client.Info().verified);
  EXPECT_TRUE(pair.client.Info().peer.has_value());
  EXPECT_FALSE(pair.server.Info().peer.has_value());
}

}  // namespace
}  // namespace lev
