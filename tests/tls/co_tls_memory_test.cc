// TLS between coroutines on a network in memory: with whom it is, and that
// nothing is left when a side is cut short at any moment of a conversation.

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/net/address.h"
#include "lev/net/co_connection.h"
#include "lev/net/co_net.h"
#include "lev/net/connection.h"
#include "lev/net/listener.h"
#include "lev/net/resolver.h"
#include "lev/task/cancel_token.h"
#include "lev/task/co.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_verbs.h"
#include "lev/testing/memory_address.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/test_world.h"
#include "lev/tls/co_tls.h"
#include "tests/support/tls_world.h"

namespace lev {
namespace {

constexpr size_t kSize = 100'000;
constexpr Nanos kPatience = 5 * kSecond;

class CoTlsMemoryTest : public ::testing::Test {
 protected:
  TlsWorld tls_;
  const std::unique_ptr<TlsContext> client_ =
      TlsWorld::Make(tls_.ClientConfig());
  const std::unique_ptr<TlsContext> server_ =
      TlsWorld::Make(tls_.ServerConfig());
};

// Two hosts, and who talks on them.
class Conversation {
 public:
  Conversation(TlsContext& client, TlsContext& server)
      : client_context_(client), server_context_(server) {
    const LinkPlan plan = {.latency = kMillisecond, .bandwidth = 2e7};
    world_.network().SetLink(world_.host(), server_host_, plan);
    world_.network().SetLink(server_host_, world_.host(), plan);
  }

  // Echoes what one client says.
  Co<> Serve(WaitOptions wait) {
    auto listener = Listen(there_, place_);
    auto accepted = co_await Accept(there_, **listener, wait);
    if (!accepted.ok()) co_return;
    Connection& client = *accepted->connection;
    absl::Status status = co_await StartTls(client, server_context_, "", wait);
    const auto data = co_await RecvExactly(client, kSize, wait);
    if (data.ok()) status = co_await Send(client, *data, wait);
  }

  Co<absl::Status> Talk(std::string host, std::string name, WaitOptions wait) {
    auto server = co_await Connect(here_, std::move(host), 80, wait);
    if (!server.ok()) co_return server.status();
    auto status = co_await StartTls(**server, client_context_, name, wait);
    if (!status.ok()) co_return status;
    const std::string text(kSize, 'x');
    status = co_await Send(**server, text, wait);
    if (!status.ok()) co_return status;
    const auto echo = co_await RecvExactly(**server, kSize, wait);
    co_return echo.status();
  }

  TestWorld& world() { return world_; }

 private:
  ResolverOptions Names() {
    ResolverOptions options;
    options.table = &world_.network().names();
    return options;
  }

  TestWorld world_;
  MemoryHost& server_host_ = world_.network().AddHost("server");
  const Address place_ = WithPort(server_host_.addresses()[0], 80);
  NetContext here_{world_.loop(), Names(), world_.host()};
  NetContext there_{world_.loop(), Names(), server_host_};
  TlsContext& client_context_;
  TlsContext& server_context_;
};

TEST_F(CoTlsMemoryTest, TheNameIsInTheCertificate) {
  Conversation talk(*client_, *server_);
  Spawn(talk.world().root(), "", [&] { return talk.Serve({}); });
  auto client = Spawn(talk.world().root(), "",
                      [&] { return talk.Talk("server", "localhost", {}); });
  EXPECT_EQ(talk.world().Run(), absl::OkStatus());
  EXPECT_EQ(client.outcome(), absl::OkStatus());
}

TEST_F(CoTlsMemoryTest, WithoutANameTheAddressIs) {
  Conversation talk(*client_, *server_);
  Spawn(talk.world().root(), "", [&] { return talk.Serve({}); });
  auto client = Spawn(talk.world().root(), "",
                      [&] { return talk.Talk("10.0.0.2", "", {}); });
  EXPECT_EQ(talk.world().Run(), absl::OkStatus());
  EXPECT_THAT(std::string(client.outcome().message()),
              ::testing::HasSubstr("IP address mismatch"));
}

enum class Cut { kCancel, kAbort, kToken };

struct Case {
  Cut cut;
  bool server;
};

class CoTlsTortureTest : public CoTlsMemoryTest,
                         public ::testing::WithParamInterface<Case> {
 protected:
  // One side is cut short then; true if it was still alive.
  bool Run(Nanos moment) {
    Conversation talk(*client_, *server_);
    const Cut cut = GetParam().cut;
    const bool of_server = GetParam().server;
    CancelToken token;
    const WaitOptions cuttable = {.timeout = kPatience, .cancel = &token};
    const WaitOptions plain = {.timeout = kPatience};
    Scope& root = talk.world().root();
    auto server = Spawn(root, "server", [&] {
      return talk.Serve(of_server ? cuttable : plain);
    });
    auto client = Spawn(root, "client", [&] {
      return talk.Talk("server", "localhost", of_server ? plain : cuttable);
    });
    CoTask& victim = of_server ? server.task() : client.task();
    bool alive = false;
    Spawn(root, "cutter", [&]() -> Co<> {
      (co_await Sleep(moment)).IgnoreError();
      alive = !victim.ended();
      if (cut == Cut::kCancel) victim.Cancel(nullptr);
      if (cut == Cut::kAbort) victim.Abort();
      if (cut == Cut::kToken) token.Cancel();
    });
    EXPECT_EQ(talk.world().Run(), absl::OkStatus());
    return alive;
  }
};

TEST_P(CoTlsTortureTest, WhoeverIsCutShortLeavesNothingBehind) {
  constexpr Nanos kGrain = kMillisecond / 4;
  int cuts = 0;
  while (Run(cuts * kGrain) && !HasFailure()) ++cuts;
  EXPECT_GT(cuts, 20);
}

INSTANTIATE_TEST_SUITE_P(
    Cuts, CoTlsTortureTest,
    ::testing::Values(Case{Cut::kCancel, false}, Case{Cut::kAbort, false},
                      Case{Cut::kToken, false}, Case{Cut::kCancel, true},
                      Case{Cut::kAbort, true}, Case{Cut::kToken, true}));

}  // namespace
}  // namespace lev
