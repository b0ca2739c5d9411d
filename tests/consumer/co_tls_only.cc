// Uses lev/tls:co_tls alone: a handshake with somebody who knows no TLS.

#include <cstdio>

#include "lev/loop/clock.h"
#include "lev/loop/epoll_poller.h"
#include "lev/net/co_connection.h"
#include "lev/net/co_net.h"
#include "lev/task/co_spawn.h"
#include "lev/tls/co_tls.h"

namespace {

lev::Co<absl::Status> Main(lev::NetContext& net, lev::TlsContext& context) {
  auto listener = lev::Listen(net, *lev::Address::Parse("127.0.0.1", 0));
  const auto place = lev::LocalAddress((*listener)->fd());
  auto client = co_await lev::Connect(net, *place);
  auto server = co_await lev::Accept(net, **listener);
  const absl::Status sent =
      co_await lev::Send(*server->connection, "no TLS here\r\n");
  if (!sent.ok()) co_return sent;
  co_return co_await lev::StartTls(**client, context, "example.org");
}

}  // namespace

int main() {
  lev::TlsConfig config;
  config.verify = false;
  auto context = lev::TlsContext::Create(config);
  lev::MonotonicClock clock;
  const auto poller = lev::EpollPoller::Create();
  lev::EventLoop loop(clock, **poller);
  lev::NetContext net(loop);
  lev::Scope root(loop);
  auto task =
      lev::Spawn(root, "main", Main, std::ref(net), std::ref(**context));
  const bool ok = loop.Run().ok() && task.outcome().message() ==
                                         "tls handshake: wrong version number";
  std::puts(ok ? "refused" : "did not refuse");
  return ok ? 0 : 1;
}
