// Fetches a page over HTTPS, within ten seconds.
//
//   bazel run //examples:tls_client -- example.org 443 [ca.pem]

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "lev/loop/epoll_poller.h"
#include "lev/net/co_connection.h"
#include "lev/net/co_net.h"
#include "lev/task/co_scope.h"
#include "lev/tls/co_tls.h"

lev::Co<absl::StatusOr<std::string>> Fetch(lev::NetContext& net,
                                           lev::TlsContext& tls,
                                           std::string host, int port) {
  auto connected = co_await lev::Connect(net, host, port);
  if (!connected.ok()) co_return connected.status();
  lev::Connection& server = **connected;
  auto secured = co_await lev::StartTls(server, tls, host);
  if (!secured.ok()) co_return secured;
  const std::string request = absl::StrCat("GET / HTTP/1.1\r\nHost: ", host,
                                           "\r\nConnection: close\r\n\r\n");
  auto sent = co_await lev::Send(server, request);
  if (!sent.ok()) co_return sent;
  std::string page;
  for (;;) {
    auto data = co_await lev::RecvSome(server, 65536);
    if (data.status().message() == "closed") co_return page;
    if (!data.ok()) co_return data.status();
    page += *data;
  }
}

int main(int argc, char** argv) {
  if (argc < 3) return std::puts("usage: tls_client HOST PORT [CA]");
  lev::TlsConfig config;
  if (argc > 3) config.ca_file = argv[3];
  auto tls = lev::TlsContext::Create(config);
  if (!tls.ok()) return std::puts(tls.status().ToString().c_str());

  lev::MonotonicClock clock;
  const auto poller = *lev::EpollPoller::Create();
  lev::EventLoop loop(clock, *poller);
  lev::NetContext net(loop);
  lev::CoScope root(loop);
  auto page = lev::Spawn(root, "main", [&] {
    return lev::WithTimeout(10 * lev::kSecond,
                            Fetch(net, **tls, argv[1], std::atoi(argv[2])));
  });
  if (!loop.Run().ok()) return 1;
  const absl::Status& status = page.outcome().status();
  std::puts(status.ok() ? page.outcome()->c_str() : status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
