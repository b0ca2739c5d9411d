// Two hosts of a network in memory, "a" and "b", and plain system calls on
// them. Time passes when a test says so.

#ifndef TESTS_TESTING_MEMORY_WORLD_H_
#define TESTS_TESTING_MEMORY_WORLD_H_

#include <errno.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/loop/fake_poller.h"
#include "lev/loop/poller.h"
#include "lev/net/address.h"
#include "lev/net/owned_fd.h"
#include "lev/net/tcp_socket.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"

namespace lev {

struct MemoryWorld {
  explicit MemoryWorld(uint64_t seed = 1)
      : network(clock, poller, {.seed = seed, .trace = true}) {}

  // Until then all happens that is due.
  void Pass(Nanos duration) {
    const Instant end = After(clock.Now(), duration);
    std::vector<PollEvent> events;
    while (clock.Now() < end) {
      EXPECT_TRUE(poller.Wait(end - clock.Now(), events).ok());
    }
    EXPECT_TRUE(poller.Wait(0, events).ok());
  }

  // A listener on b, and where it is.
  OwnedFd Listen(uint16_t port = 80, int backlog = 128) {
    auto fd = OpenTcpListener(OnB(port), {.backlog = backlog}, b);
    EXPECT_TRUE(fd.ok()) << fd.status();
    return std::move(*fd);
  }
  static Address OnA(uint16_t port) {
    return *Address::Parse("10.0.0.1", port);
  }
  static Address OnB(uint16_t port) {
    return *Address::Parse("10.0.0.2", port);
  }

  // A socket on a that connects to b's port 80; not yet connected.
  OwnedFd Dial() {
    auto fd = OpenTcpSocket(AF_INET, a);
    absl::Status error;
    EXPECT_FALSE(StartConnect(fd->ref(), OnB(80), error).failed()) << error;
    return std::move(*fd);
  }
  static OwnedFd Accept(const OwnedFd& listener) {
    OwnedFd fd;
    Address peer;
    absl::Status error;
    EXPECT_TRUE(TryAccept(listener.ref(), fd, peer, error).done());
    return fd;
  }
  // Whether it is connected: "", or why not.
  static std::string ConnectError(const OwnedFd& fd) {
    absl::Status error;
    const IoResult result = FinishConnect(fd.ref(), error);
    if (result.failed()) return std::string(error.message());
    return result.done() ? "" : "in progress";
  }

  // How much was taken; or the error of errno, negative.
  static ssize_t Send(const OwnedFd& fd, absl::string_view data) {
    const ssize_t sent =
        fd.calls().Send(fd.get(), data.data(), data.size(), nullptr, 0);
    return sent < 0 ? -errno : sent;
  }
  // What was received; an error in words of its number: "!104".
  static std::string Recv(const OwnedFd& fd, size_t most = 100000) {
    std::string data(most, '\0');
    const ssize_t got =
        fd.calls().Recv(fd.get(), data.data(), most, 0, nullptr, nullptr);
    if (got < 0) return "!" + std::to_string(errno);
    data.resize(got);
    return data;
  }
  // All that comes while time passes, until the end or an error, which is
  // added.
  std::string RecvAll(const OwnedFd& fd, Nanos patience = 60 * kSecond) {
    std::string all;
    const Instant end = After(clock.Now(), patience);
    while (clock.Now() < end) {
      const std::string part = Recv(fd);
      if (part == kAgain) {
        Pass(100 * kMillisecond);
        continue;
      }
      all += part;
      if (part.empty() || part[0] == '!') break;
    }
    return all;
  }

  static inline const std::string kAgain = "!" + std::to_string(EAGAIN);
  static inline const std::string kReset = "!" + std::to_string(ECONNRESET);

  FakeClock clock;
  FakePoller poller{clock};
  MemoryNetwork network;
  MemoryHost& a = network.AddHost("a");
  MemoryHost& b = network.AddHost("b");
};

}  // namespace lev

#endif  // TESTS_TESTING_MEMORY_WORLD_H_
