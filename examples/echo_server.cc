// Sends back to each client what it says. SIGINT ends it.
//
//   bazel run //examples:echo_server -- 7000

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "lev/loop/epoll_poller.h"
#include "lev/net/co_connection.h"
#include "lev/net/co_net.h"
#include "lev/proc/co_proc.h"
#include "lev/task/co_scope.h"

lev::Co<> Serve(std::unique_ptr<lev::Connection> client) {
  char buffer[4096];
  for (;;) {
    auto size = co_await lev::RecvInto(*client, absl::MakeSpan(buffer),
                                       {.timeout = 60 * lev::kSecond});
    if (!size.ok()) co_return;
    auto sent = co_await lev::Send(*client, {buffer, *size});
    if (!sent.ok()) co_return;
  }
}

lev::Co<> AcceptAll(lev::NetContext& net, lev::Listener& listener,
                    lev::Scope& clients) {
  for (;;) {
    auto accepted = co_await lev::Accept(net, listener);
    if (!accepted.ok()) co_return;
    lev::Spawn(clients, "client", Serve, std::move(accepted->connection));
  }
}

int main(int argc, char** argv) {
  lev::MonotonicClock clock;
  const auto poller = *lev::EpollPoller::Create();
  lev::EventLoop loop(clock, *poller);
  lev::NetContext net(loop);
  lev::SignalSource signals(loop);
  if (!signals.Add(SIGINT).ok()) return 1;
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  auto listener = lev::Listen(net, *lev::Address::Parse("127.0.0.1", port));
  if (!listener.ok()) return std::puts(listener.status().ToString().c_str());
  std::printf("%s\n", lev::LocalAddress((*listener)->fd())->ToString().c_str());
  std::fflush(stdout);

  lev::CoScope root(loop);
  lev::Spawn(root, "main", [&]() -> lev::Co<> {
    lev::CoScope clients(co_await lev::CurrentTask(), {}, false);
    lev::Spawn(clients, "accept", AcceptAll, std::ref(net),
               std::ref(**listener), std::ref<lev::Scope>(clients));
    (co_await lev::Receive(signals)).status().IgnoreError();
    clients.Cancel();
    co_await lev::AllEnded(clients);
  });
  return loop.Run().ok() ? 0 : 1;
}
