#include "tests/support/descriptors.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "lev/loop/check.h"
#include "lev/net/tcp_socket.h"

namespace lev {
namespace {

// In memory there is nothing to wait for.
bool Await(const OwnedFd& fd, short events) {
  return &fd.calls() != &KernelSockets() || AwaitPoll(fd.get(), events);
}

}  // namespace

size_t CountOpenFds() {
  const std::filesystem::directory_iterator open("/proc/self/fd");
  // One of them reads the directory.
  return std::distance(begin(open), end(open)) - 1;
}

// In epoll's account of itself a descriptor is a line "tfd: ...", in io_uring's
// a request to poll is "  op=6, ...".
size_t CountPolledFds() {
  size_t count = 0;
  for (const auto& info :
       std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream lines(info.path());
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("tfd:") || line.starts_with("  op=6,")) ++count;
    }
  }
  return count;
}

FdPair UnixPair() {
  int fds[2];
  constexpr int kType = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  LEV_CHECK(socketpair(AF_UNIX, kType, 0, fds) == 0, "no socketpair");
  return {OwnedFd(fds[0]), OwnedFd(fds[1])};
}

FdPair TcpPair(SocketCalls& calls) {
  const OwnedFd listener = LoopbackListener(128, calls);
  auto client = OpenTcpSocket(AF_INET, calls);
  LEV_CHECK(client.ok(), "no socket");
  absl::Status error;
  LEV_CHECK(!StartConnect(client->ref(), AddressOf(listener), error).failed(),
            "no connection");
  LEV_CHECK(Await(listener, POLLIN), "nobody came");
  OwnedFd server;
  Address peer;
  LEV_CHECK(TryAccept(listener.ref(), server, peer, error).done(),
            "nobody to accept");
  LEV_CHECK(Await(*client, POLLOUT), "not connected");
  return {std::move(*client), std::move(server)};
}

OwnedFd LoopbackListener(int backlog, SocketCalls& calls) {
  const auto address = Address::Parse("127.0.0.1", 0);
  auto listener = OpenTcpListener(*address, {.backlog = backlog}, calls);
  LEV_CHECK(listener.ok(), "cannot listen");
  return std::move(*listener);
}

Address AddressOf(const OwnedFd& socket) {
  const auto address = LocalAddress(socket.ref());
  LEV_CHECK(address.ok(), "the socket has no address");
  return *address;
}

Address RefusingAddress(SocketCalls& calls) {
  return AddressOf(LoopbackListener(128, calls));
}

bool AwaitPoll(int fd, short events) {
  pollfd poll_fd = {.fd = fd, .events = events, .revents = 0};
  return poll(&poll_fd, 1, 5000) == 1;
}

void CloseWithReset(OwnedFd& fd) {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  fd.calls().SetOption(fd.get(), SOL_SOCKET, SO_LINGER, &at_once,
                       sizeof(at_once));
  fd.Close();
}

NoFreeFds::NoFreeFds() {
  LEV_CHECK(getrlimit(RLIMIT_NOFILE, &before_) == 0, "no limit");
  // The lowest free number becomes the first forbidden one. Those above are
  // forbidden, too, and those below are taken.
  const OwnedFd lowest(dup(STDERR_FILENO));
  rlimit limit = before_;
  limit.rlim_cur = lowest.get();
  LEV_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0, "limit not set");
}

NoFreeFds::~NoFreeFds() { setrlimit(RLIMIT_NOFILE, &before_); }

}  // namespace lev
