// Uses lev/net:co_net alone: a coroutine that talks to itself.

#include <cstdio>
#include <string>

#include "lev/loop/epoll_poller.h"
#include "lev/net/co_connection.h"
#include "lev/net/co_net.h"
#include "lev/task/co_spawn.h"

namespace {

lev::Co<std::string> Main(lev::NetContext& net) {
  auto listener = lev::Listen(net, *lev::Address::Parse("127.0.0.1", 0));
  const auto place = lev::LocalAddress((*listener)->fd());
  auto client = co_await lev::Connect(net, "localhost", place->port());
  auto server = co_await lev::Accept(net, **listener);
  const absl::Status sent = co_await lev::Send(**client, "to myself\n");
  if (!sent.ok()) co_return "";
  auto line = co_await lev::RecvUntil(*server->connection, "\n");
  co_return *line;
}

}  // namespace

int main() {
  lev::MonotonicClock clock;
  const auto poller = lev::EpollPoller::Create();
  lev::EventLoop loop(clock, **poller);
  lev::NetContext net(loop);
  lev::Scope root(loop);
  auto task = lev::Spawn(root, "main", Main, std::ref(net));
  const bool ok = loop.Run().ok() && *task.outcome() == "to myself\n";
  std::puts(ok ? "talked" : "did not talk");
  return ok ? 0 : 1;
}
