// A session is no better than the certificate that its peer has shown: it ends
// with that. Tests lev/tls/session_cache.cc and lev/tls/tls_context.cc.

#include <time.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "lev/tls/tls_stream.h"
#include "tests/support/tls_world.h"

namespace {

time_t g_passed = 0;

}  // namespace

// Instead of the C library's, also for OpenSSL.
extern "C" time_t time(time_t* result) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != nullptr) *result = now.tv_sec + g_passed;
  return now.tv_sec + g_passed;
}

namespace lev {
namespace {

constexpr int64_t kHour = 3600;

class TlsExpiryTest : public testing::TestWithParam<TlsVersion> {
 protected:
  ~TlsExpiryTest() override { g_passed = 0; }

  std::unique_ptr<TlsContext> Server(const TlsIdentity& identity,
                                     bool verify = false) {
    TlsConfig config = world_.ServerConfig();
    config.max_version = GetParam();
    config.identity = &identity;
    config.verify = verify;
    config.ca_file = verify ? world_.ca_file : "";
    return TlsWorld::Make(config);
  }

  // Whether a connection went on with an earlier session, or its error.
  static std::string Connect(TlsContext& client, TlsContext& server) {
    TlsPair pair(client, server);
    pair.Handshake();
    for (const absl::Status& error : {pair.client_error, pair.server_error}) {
      if (absl::IsUnauthenticated(error)) return std::string(error.message());
    }
    EXPECT_EQ(TlsPair::Pass(pair.server, pair.client, "x"), "x");
    return pair.client.Info().resumed ? "resumed" : "anew";
  }

  TlsWorld world_;
};

TEST_P(TlsExpiryTest, AServerWhoseCertificateHasExpiredIsNotResumed) {
  const TlsIdentity brief = world_.Issue({.until = kHour});
  const auto server = Server(brief);
  const auto client = TlsWorld::Make(world_.ClientConfig());
  EXPECT_EQ(Connect(*client, *server), "anew");
  EXPECT_EQ(Connect(*client, *server), "resumed");
  g_passed = 2 * kHour;
  EXPECT_EQ(Connect(*client, *server),
            "certificate verify failed: certificate has expired");
}

TEST_P(TlsExpiryTest, AClientWhoseCertificateHasExpiredIsNotResumed) {
  const TlsIdentity brief = world_.Issue({.name = "me", .until = kHour});
  const auto server = Server(world_.identity, true);
  TlsConfig config = world_.ClientConfig();
  config.identity = &brief;
  const auto client = TlsWorld::Make(config);
  EXPECT_EQ(Connect(*client, *server), "anew");
  EXPECT_EQ(Connect(*client, *server), "resumed");
  g_passed = 2 * kHour;
  EXPECT_EQ(Connect(*client, *server),
            "certificate verify failed: certificate has expired");
}

INSTANTIATE_TEST_SUITE_P(, TlsExpiryTest,
                         testing::Values(TlsVersion::k12, TlsVersion::k13),
                         [](const auto& version) {
                           return version.param == TlsVersion::k12 ? "Tls12"
                                                                   : "Tls13";
                         });

}  // namespace
}  // namespace lev
