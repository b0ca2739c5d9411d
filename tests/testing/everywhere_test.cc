// One program, three worlds: each body here runs over epoll, over io_uring, and
// in memory, with the same assertions. In Lua the same is
// tests/lua/everywhere_spec.lua.

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/net/address.h"
#include "lev/net/co_connection.h"
#include "lev/net/co_datagram.h"
#include "lev/net/co_net.h"
#include "lev/net/connection.h"
#include "lev/net/listener.h"
#include "lev/net/tcp_socket.h"
#include "lev/task/channel.h"
#include "lev/task/co.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_sync.h"
#include "lev/task/co_when.h"
#include "lev/tls/co_tls.h"
#include "lev/tls/tls_context.h"
#include "tests/support/tls_world.h"
#include "tests/testing/any_world.h"

namespace lev {
namespace {

// Nothing here takes as long: a guard against hangs.
constexpr Nanos kLong = 20 * kSecond;

class EverywhereTest : public testing::TestWithParam<Where> {
 protected:
  void SetUp() override {
    auto made = MakeWorld(GetParam());
    if (!made.ok()) GTEST_SKIP() << made.status();
    world_ = *std::move(made);
    net_.emplace(world_->loop(), ResolverOptions(), world_->calls());
  }

  // Runs `body`, and all that begins meanwhile.
  template <typename F>
  void RunAll(F body) {
    auto task = Spawn(world_->root(), "body",
                      [&body] { return WithTimeout(kLong, body); });
    EXPECT_EQ(world_->Run(), absl::OkStatus());
    EXPECT_EQ(task.outcome(), absl::OkStatus());
  }

  std::unique_ptr<Listener> NewListener() {
    auto listener = Listen(*net_, *Address::Parse("127.0.0.1", 0));
    EXPECT_TRUE(listener.ok()) << listener.status();
    return *std::move(listener);
  }
  static Address PlaceOf(FdRef fd) { return *LocalAddress(fd); }

  // Both ends of a connection.
  struct Pair {
    std::unique_ptr<Connection> client;
    std::unique_ptr<Connection> server;
  };
  Co<absl::StatusOr<Pair>> Connected() {
    const std::unique_ptr<Listener> listener = NewListener();
    ConnectionOr client = co_await Connect(*net_, PlaceOf(listener->ref()));
    if (!client.ok()) co_return client.status();
    absl::StatusOr<Accepted> server = co_await Accept(*net_, *listener);
    if (!server.ok()) co_return server.status();
    co_return Pair{*std::move(client), std::move(server->connection)};
  }

  // Until the peer has had enough.
  static Co<absl::Status> Echo(std::unique_ptr<Connection> connection) {
    for (;;) {
      absl::StatusOr<std::string> data = co_await RecvSome(*connection, 4096);
      if (!data.ok()) co_return absl::OkStatus();
      absl::Status sent = co_await Send(*connection, *data);
      if (!sent.ok()) co_return sent;
    }
  }
  Co<absl::Status> Serve(Listener& listener, int clients) {
    for (int i = 0; i < clients; ++i) {
      absl::StatusOr<Accepted> accepted = co_await Accept(*net_, listener);
      if (!accepted.ok()) co_return accepted.status();
      Spawn(world_->root(), "echo", Echo(std::move(accepted->connection)));
    }
    co_return absl::OkStatus();
  }
  Co<absl::Status> Ask(Address peer, int number) {
    ConnectionOr connection = co_await Connect(*net_, peer);
    if (!connection.ok()) co_return connection.status();
    for (int i = 0; i < 10; ++i) {
      const std::string line = absl::StrCat(number, ".", i, "\n");
      absl::Status sent = co_await Send(**connection, line);
      if (!sent.ok()) co_return sent;
      auto heard = co_await RecvUntil(**connection, "\n");
      if (!heard.ok()) co_return heard.status();
      EXPECT_EQ(*heard, line);
    }
    co_return absl::OkStatus();
  }
  Co<absl::Status> AskOften(Listener& listener, int clients) {
    auto server = Spawn(world_->root(), "server", Serve(listener, clients));
    std::vector<Co<absl::Status>> asking;
    for (int i = 0; i < clients; ++i) {
      asking.push_back(Ask(PlaceOf(listener.ref()), i));
    }
    auto asked = co_await WhenAll(std::move(asking));
    if (!asked.ok()) co_return asked.status();
    co_return co_await server.Join();
  }

  std::unique_ptr<AnyWorld> world_;
  std::optional<NetContext> net_;
};

TEST_P(EverywhereTest, TcpEchoesForManyClients) {
  RunAll([this]() -> Co<absl::Status> {
    const std::unique_ptr<Listener> listener = NewListener();
    co_return co_await AskOften(*listener, 50);
  });
}

TEST_P(EverywhereTest, UnixSocketsEchoForManyClients) {
  RunAll([this]() -> Co<absl::Status> {
    const auto name = Address::Unix(absl::StrCat("@lev everywhere ", getpid()));
    auto listener = Listen(*net_, *name);
    if (!listener.ok()) co_return listener.status();
    co_return co_await AskOften(**listener, 20);
  });
}

TEST_P(EverywhereTest, DatagramsAskAndAnswer) {
  RunAll([this]() -> Co<absl::Status> {
    const Address any = *Address::Parse("127.0.0.1", 0);
    auto server = OpenDatagramSocket(*net_, AF_INET, any);
    auto client = OpenDatagramSocket(*net_, AF_INET, any);
    for (int i = 0; i < 10; ++i) {
      absl::Status sent =
          co_await SendTo(**client, "ask", PlaceOf((*server)->ref()));
      if (!sent.ok()) co_return sent;
      auto got = co_await RecvFrom(**server);
      if (!got.ok()) co_return got.status();
      sent = co_await SendTo(**server, got->data + "!", got->peer);
      if (!sent.ok()) co_return sent;
      got = co_await RecvFrom(**client);
      if (!got.ok()) co_return got.status();
      EXPECT_EQ(got->data, "ask!");
    }
    co_return absl::OkStatus();
  });
}

TEST_P(EverywhereTest, WhatHalfIsClosedHearsOn) {
  RunAll([this]() -> Co<absl::Status> {
    absl::StatusOr<Pair> pair = co_await Connected();
    if (!pair.ok()) co_return pair.status();
    absl::Status status = pair->client->Shutdown(SHUT_WR);
    if (!status.ok()) co_return status;
    auto heard = co_await RecvSome(*pair->server, 1);
    EXPECT_EQ(heard.status().message(), "closed");
    status = co_await Send(*pair->server, "heard");
    if (!status.ok()) co_return status;
    heard = co_await RecvExactly(*pair->client, 5);
    EXPECT_EQ(heard.value(), "heard");
    co_return heard.status();
  });
}

TEST_P(EverywhereTest, AWaitThatTimesOutLosesNothing) {
  RunAll([this]() -> Co<absl::Status> {
    absl::StatusOr<Pair> pair = co_await Connected();
    if (!pair.ok()) co_return pair.status();
    absl::Status sent = co_await Send(*pair->client, "half a li");
    if (!sent.ok()) co_return sent;
    auto heard = co_await RecvUntil(*pair->server, "\n", 100,
                                    {.timeout = 10 * kMillisecond});
    EXPECT_EQ(heard.status().message(), "timeout");
    sent = co_await Send(*pair->client, "ne\n");
    if (!sent.ok()) co_return sent;
    heard = co_await RecvUntil(*pair->server, "\n");
    EXPECT_EQ(heard.value(), "half a line\n");
    co_return heard.status();
  });
}

TEST_P(EverywhereTest, ChannelsMakeAPipeline) {
  Channel<int> numbers(0);
  Channel<int> squares(4);
  const auto count = [&]() -> Co<absl::Status> {
    for (int i = 1; i <= 100; ++i) {
      absl::Status sent = co_await Send(numbers, i);
      if (!sent.ok()) co_return sent;
    }
    numbers.Close();
    co_return absl::OkStatus();
  };
  const auto square = [&]() -> Co<absl::Status> {
    for (;;) {
      absl::StatusOr<int> n = co_await Receive(numbers);
      if (!n.ok()) break;
      absl::Status sent = co_await Send(squares, *n * *n);
      if (!sent.ok()) co_return sent;
    }
    squares.Close();
    co_return absl::OkStatus();
  };
  int sum = 0;
  RunAll([&]() -> Co<absl::Status> {
    Spawn(world_->root(), "count", count);
    Spawn(world_->root(), "square", square);
    for (;;) {
      absl::StatusOr<int> n = co_await Receive(squares);
      if (!n.ok()) break;
      sum += *n;
    }
    co_return absl::OkStatus();
  });
  EXPECT_EQ(sum, 338350);
}

TEST_P(EverywhereTest, TheFirstOfAChannelAndASocketWins) {
  Channel<int> channel(1);
  RunAll([&]() -> Co<absl::Status> {
    absl::StatusOr<Pair> pair = co_await Connected();
    if (!pair.ok()) co_return pair.status();
    const auto news = [&]() -> Co<absl::StatusOr<int>> {
      co_return co_await Receive(channel);
    };
    const auto data = [&]() -> Co<absl::StatusOr<std::string>> {
      co_return co_await RecvSome(*pair->server, 10);
    };
    absl::Status sent = co_await Send(channel, 7);
    if (!sent.ok()) co_return sent;
    auto first = co_await WhenAny(news(), data());
    EXPECT_EQ(first.index(), 0u);
    sent = co_await Send(*pair->client, "hello");
    if (!sent.ok()) co_return sent;
    first = co_await WhenAny(news(), data());
    EXPECT_EQ(std::get<1>(first).value(), "hello");
    co_return absl::OkStatus();
  });
}

class TlsEverywhereTest : public EverywhereTest {
 protected:
  // A server that echoes, once the handshake is done.
  Co<absl::Status> Serve(std::unique_ptr<Connection> connection) {
    absl::Status status = co_await StartTls(*connection, *server_);
    if (!status.ok()) co_return status;
    co_return co_await Echo(std::move(connection));
  }
  Co<absl::Status> Say(Connection& connection, std::string text) {
    co_return co_await Send(connection, text);
  }

  TlsWorld tls_;
  const std::unique_ptr<TlsContext> client_ =
      TlsWorld::Make(tls_.ClientConfig());
  const std::unique_ptr<TlsContext> server_ =
      TlsWorld::Make(tls_.ServerConfig());
};

TEST_P(TlsEverywhereTest, TlsEchoesAndEndsWithAGoodbye) {
  RunAll([this]() -> Co<absl::Status> {
    absl::StatusOr<Pair> pair = co_await Connected();
    if (!pair.ok()) co_return pair.status();
    auto server =
        Spawn(world_->root(), "server", Serve(std::move(pair->server)));
    Connection& client = *pair->client;
    absl::Status status = co_await StartTls(client, *client_, "localhost");
    if (!status.ok()) co_return status;
    const std::string text(100000, 'x');
    auto sender = Spawn(world_->root(), "sender", Say(client, text));
    auto heard = co_await RecvExactly(client, text.size());
    EXPECT_TRUE(heard.ok() && *heard == text) << heard.status();
    status = co_await sender.Join();
    if (!status.ok()) co_return status;
    status = client.Shutdown(SHUT_WR);
    if (!status.ok()) co_return status;
    heard = co_await RecvSome(client, 1);
    EXPECT_EQ(heard.status().message(), "closed");
    co_return co_await server.Join();
  });
}

TEST_P(TlsEverywhereTest, ACertificateForAnotherNameIsRefused) {
  RunAll([this]() -> Co<absl::Status> {
    absl::StatusOr<Pair> pair = co_await Connected();
    if (!pair.ok()) co_return pair.status();
    auto server =
        Spawn(world_->root(), "server", Serve(std::move(pair->server)));
    const absl::Status refused =
        co_await StartTls(*pair->client, *client_, "example.org");
    EXPECT_EQ(refused.message(),
              "certificate verify failed: hostname mismatch");
    EXPECT_FALSE(pair->client->is_open());
    const absl::Status served = co_await server.Join();
    EXPECT_FALSE(served.ok());
    co_return absl::OkStatus();
  });
}

INSTANTIATE_TEST_SUITE_P(, EverywhereTest,
                         testing::Values(Where::kEpoll, Where::kUring,
                                         Where::kMemory),
                         NameOfWhere);
INSTANTIATE_TEST_SUITE_P(, TlsEverywhereTest,
                         testing::Values(Where::kEpoll, Where::kUring,
                                         Where::kMemory),
                         NameOfWhere);

}  // namespace
}  // namespace lev
