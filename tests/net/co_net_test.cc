#include "lev/net/co_net.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lev/net/co_connection.h"
#include "lev/task/co.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_verbs.h"
#include "lev/task/co_when.h"
#include "tests/support/co_real_world.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

Address Loopback(uint16_t port = 0) {
  return *Address::Parse("127.0.0.1", port);
}

class CoNetTest : public CoRealWorld {
 protected:
  ~CoNetTest() override { EXPECT_EQ(CountOpenFds(), before_); }

  std::unique_ptr<Listener> ListenHere() { return *Listen(net_, Loopback()); }
  uint16_t PortOf(const Listener& listener) {
    return LocalAddress(listener.fd())->port();
  }

  const size_t before_ = CountOpenFds();
  NetContext net_{loop_};
};

TEST_F(CoNetTest, AClientAndAServerMeet) {
  auto listener = ListenHere();
  auto server = [&]() -> Co<absl::StatusOr<std::string>> {
    absl::StatusOr<Accepted> accepted = co_await Accept(net_, *listener);
    if (!accepted.ok()) co_return accepted.status();
    absl::StatusOr<std::string> data =
        co_await RecvExactly(*accepted->connection, 5);
    co_return data;
  };
  auto client = [&]() -> Co<absl::Status> {
    ConnectionOr connection =
        co_await Connect(net_, Loopback(PortOf(*listener)));
    if (!connection.ok()) co_return connection.status();
    absl::Status sent = co_await Send(**connection, "hello");
    co_return sent;
  };
  const auto both = Result([&] { return WhenAll(server(), client()); });
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(std::get<0>(*both), "hello");
}

TEST_F(CoNetTest, AnAcceptHasATimeout) {
  auto listener = ListenHere();
  auto server = [&]() -> Co<absl::Status> {
    absl::StatusOr<Accepted> accepted =
        co_await Accept(net_, *listener, {.timeout = kMillisecond});
    co_return accepted.status();
  };
  EXPECT_EQ(Result(server).message(), "timeout");
}

TEST_F(CoNetTest, ARefusedConnectionSaysSo) {
  auto listener = ListenHere();
  const uint16_t port = PortOf(*listener);
  listener->Close();
  auto client = [&]() -> Co<absl::Status> {
    ConnectionOr connection = co_await Connect(net_, Loopback(port));
    co_return connection.status();
  };
  EXPECT_EQ(Result(client).message(), "Connection refused");
}

TEST_F(CoNetTest, AHostMayBeAName) {
  auto listener = ListenHere();
  auto client = [&]() -> Co<absl::Status> {
    ConnectionOr connection =
        co_await Connect(net_, "localhost", PortOf(*listener));
    co_return connection.status();
  };
  EXPECT_TRUE(Result(client).ok());
}

TEST_F(CoNetTest, ANameThatIsNoneIsAnError) {
  auto client = [&]() -> Co<absl::Status> {
    ConnectionOr connection = co_await Connect(net_, "not a name", 80);
    co_return connection.status();
  };
  EXPECT_EQ(Result(client).message(),
            "not a host name or address: \"not a name\"");
}

TEST_F(CoNetTest, AHostHasAddresses) {
  auto main = [&]() -> Co<std::string> {
    absl::StatusOr<std::vector<Address>> found =
        co_await Resolve(net_, "127.0.0.1", 80);
    co_return found->at(0).ToString();
  };
  EXPECT_EQ(Result(main).value(), "127.0.0.1:80");
}

TEST_F(CoNetTest, UnixSocketsAreConnectedTheSameWay) {
  auto main = [&]() -> Co<absl::StatusOr<std::string>> {
    const Address address = *Address::Unix("@lev/co_net_test");
    auto listener = *Listen(net_, address);
    ConnectionOr client = co_await Connect(net_, address);
    if (!client.ok()) co_return client.status();
    absl::StatusOr<Accepted> server = co_await Accept(net_, *listener);
    if (!server.ok()) co_return server.status();
    absl::Status sent = co_await Send(**client, "unix");
    if (!sent.ok()) co_return sent;
    absl::StatusOr<std::string> data =
        co_await RecvSome(*server->connection, 10);
    co_return data;
  };
  EXPECT_EQ(Result(main).value(), "unix");
}

TEST_F(CoNetTest, AnAbortedAcceptLetsTheNextOneHaveTheConnection) {
  auto listener = ListenHere();
  auto accept = [&]() -> Co<absl::Status> {
    absl::StatusOr<Accepted> accepted = co_await Accept(net_, *listener);
    co_return accepted.status();
  };
  auto main = [&]() -> Co<absl::Status> {
    CoScope scope(co_await CurrentTask(), {}, false);
    auto first = Spawn(scope, "", accept);
    auto second = Spawn(scope, "", accept);
    (co_await Yield()).IgnoreError();
    first.Abort();
    ConnectionOr client = co_await Connect(net_, Loopback(PortOf(*listener)));
    if (!client.ok()) co_return client.status();
    absl::Status accepted = co_await second.Join();
    co_return accepted;
  };
  EXPECT_TRUE(Result(main).ok());
}

}  // namespace
}  // namespace lev
