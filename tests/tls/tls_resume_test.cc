// Sessions that go on: by tickets, in both versions.

#include <string>

#include "gtest/gtest.h"
#include "lev/tls/tls_stream.h"
#include "tests/support/tls_world.h"

namespace lev {
namespace {

class TlsResumeTest : public testing::TestWithParam<TlsVersion> {
 protected:
  TlsConfig ServerConfig() {
    TlsConfig config = world_.ServerConfig();
    config.max_version = GetParam();
    config.ticket_keys = &keys_;
    return config;
  }

  // One connection; whether it went on with an earlier session.
  static bool Resumes(TlsContext& client, TlsContext& server,
                      const TlsPeer& peer = {.name = "localhost"}) {
    TlsPair pair(client, server, peer);
    EXPECT_TRUE(pair.Handshake()) << pair.client_error << pair.server_error;
    EXPECT_EQ(TlsPair::Pass(pair.server, pair.client, "x"), "x");
    const TlsInfo info = pair.client.Info();
    EXPECT_EQ(pair.server.Info().resumed, info.resumed);
    EXPECT_TRUE(info.peer.has_value()) << "known from the session";
    return info.resumed;
  }

  int64_t now_ = 0;
  TicketKeys keys_{[this] { return now_; }};
  TlsWorld world_;
  std::unique_ptr<TlsContext> server_ = TlsWorld::Make(ServerConfig());
  const std::unique_ptr<TlsContext> client_ =
      TlsWorld::Make(world_.ClientConfig());
};

TEST_P(TlsResumeTest, TheSecondConnectionGoesOnWithTheFirstsSession) {
  EXPECT_FALSE(Resumes(*client_, *server_));
  EXPECT_TRUE(Resumes(*client_, *server_));
  EXPECT_TRUE(Resumes(*client_, *server_));
}

TEST_P(TlsResumeTest, AnotherPlaceOrNameIsAnotherPeer) {
  EXPECT_FALSE(Resumes(*client_, *server_));
  EXPECT_FALSE(Resumes(*client_, *server_, {"localhost", "8443"}));
  EXPECT_FALSE(Resumes(*client_, *server_, {"127.0.0.1"}));
}

TEST_P(TlsResumeTest, ARotationOfKeysEndsNoSession) {
  EXPECT_FALSE(Resumes(*client_, *server_));
  EXPECT_TRUE(keys_.Rotate());
  EXPECT_TRUE(Resumes(*client_, *server_));
  now_ += TicketKeys::kRotateAfter;
  EXPECT_TRUE(Resumes(*client_, *server_));
}

TEST_P(TlsResumeTest, AForgottenKeyMeansAFullHandshake) {
  EXPECT_FALSE(Resumes(*client_, *server_));
  for (size_t i = 0; i < TicketKeys::kMostKeys; ++i) keys_.Rotate();
  EXPECT_FALSE(Resumes(*client_, *server_));
  EXPECT_TRUE(Resumes(*client_, *server_));
}

TEST_P(TlsResumeTest, ARenewedCertificateEndsNoSession) {
  EXPECT_FALSE(Resumes(*client_, *server_));
  const TlsIdentity renewed = world_.Issue();
  TlsConfig config = ServerConfig();
  config.identity = &renewed;
  server_ = TlsWorld::Make(config);
  EXPECT_TRUE(Resumes(*client_, *server_));
}

TEST_P(TlsResumeTest, ASessionOfOneServerIsNoneForAnotherWithItsKeys) {
  TlsConfig config = ServerConfig();
  config.ticket_scope = "mail";
  const auto mail = TlsWorld::Make(config);
  config.ticket_scope = "web";
  const auto web = TlsWorld::Make(config);
  EXPECT_FALSE(Resumes(*client_, *mail));
  EXPECT_FALSE(Resumes(*client_, *web));
  EXPECT_TRUE(Resumes(*client_, *web));
}

TEST_P(TlsResumeTest, ASessionOfAServerThatTrustsAnyoneIsNoneForAStrictOne) {
  const TlsIdentity mine = world_.Issue({.name = "me"});
  TlsConfig client_config = world_.ClientConfig();
  client_config.identity = &mine;
  const auto client = TlsWorld::Make(client_config);
  EXPECT_FALSE(Resumes(*client, *server_));
  TlsConfig strict = ServerConfig();
  strict.verify = true;
  strict.ca_file = world_.ca_file;
  server_ = TlsWorld::Make(strict);
  EXPECT_FALSE(Resumes(*client, *server_));
  EXPECT_TRUE(Resumes(*client, *server_));
}

TEST_P(TlsResumeTest, EitherSideMayDoWithoutSessions) {
  TlsConfig client_config = world_.ClientConfig();
  client_config.sessions = false;
  const auto client = TlsWorld::Make(client_config);
  EXPECT_FALSE(Resumes(*client, *server_));
  EXPECT_FALSE(Resumes(*client, *server_));
  TlsConfig server_config = ServerConfig();
  server_config.sessions = false;
  const auto server = TlsWorld::Make(server_config);
  EXPECT_FALSE(Resumes(*client_, *server));
  EXPECT_FALSE(Resumes(*client_, *server));
}

TEST_P(TlsResumeTest, AConnectionThatWasCutOffLeavesItsSession) {
  {
    TlsPair pair(*client_, *server_);
    ASSERT_TRUE(pair.Handshake());
    EXPECT_EQ(TlsPair::Pass(pair.server, pair.client, "x"), "x");
    pair.memory().b().TryShutdownWrite();
    std::string got;
    EXPECT_TRUE(TlsPair::Drain(pair.client, got).failed());
  }
  EXPECT_TRUE(Resumes(*client_, *server_));
}

INSTANTIATE_TEST_SUITE_P(, TlsResumeTest,
                         testing::Values(TlsVersion::k12, TlsVersion::k13),
                         [](const auto& version) {
                           return version.param == TlsVersion::k12 ? "Tls12"
                                                                   : "Tls13";
                         });

}  // namespace
}  // namespace lev
