#include "tests/loop/poller_harness.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "lev/loop/check.h"
#include "lev/loop/epoll_poller.h"
#include "lev/loop/fake_poller.h"
#include "lev/loop/uring_poller.h"

namespace lev {
namespace {

// Socket pairs: one end is watched, the other is the peer's.
class KernelHarness final : public PollerHarness {
 public:
  explicit KernelHarness(std::unique_ptr<Poller> poller)
      : poller_(std::move(poller)) {}
  ~KernelHarness() override {
    while (!peers_.empty()) Close(peers_.begin()->first);
  }

  Poller& poller() override { return *poller_; }
  Clock& clock() override { return clock_; }

  int Open() override {
    int ends[2];
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    LEV_CHECK(socketpair(AF_UNIX, type, 0, ends) == 0, "socketpair failed");
    peers_[ends[0]] = ends[1];
    return ends[0];
  }
  void Close(int fd) override {
    HangUp(fd);
    peers_.erase(fd);
    close(fd);
  }

  void Arrive(int fd) override {
    LEV_CHECK(write(peers_.at(fd), "x", 1) == 1, "the peer cannot write");
  }
  void ReadAll(int fd) override { Drain(fd); }
  void FillUp(int fd) override {
    const char bytes[4096] = {};
    while (write(fd, bytes, sizeof bytes) > 0) {
    }
  }
  void MakeRoom(int fd) override { Drain(peers_.at(fd)); }
  void HangUp(int fd) override {
    const int peer = std::exchange(peers_.at(fd), -1);
    if (peer >= 0) close(peer);
  }

 private:
  static void Drain(int fd) {
    char bytes[4096];
    while (read(fd, bytes, sizeof bytes) > 0) {
    }
  }

  const std::unique_ptr<Poller> poller_;
  MonotonicClock clock_;
  std::map<int, int> peers_;
};

class FakeHarness final : public PollerHarness {
 public:
  Poller& poller() override { return poller_; }
  Clock& clock() override { return clock_; }

  int Open() override { return poller_.Open(); }
  void Close(int fd) override { poller_.CloseFd(fd); }
  void Arrive(int fd) override { poller_.MakeReadable(fd); }
  void ReadAll(int fd) override { poller_.MakeUnreadable(fd); }
  void FillUp(int fd) override { poller_.MakeUnwritable(fd); }
  void MakeRoom(int fd) override { poller_.MakeWritable(fd); }
  void HangUp(int fd) override { poller_.HangUp(fd); }

 private:
  FakeClock clock_;
  FakePoller poller_{clock_};
};

}  // namespace

std::unique_ptr<PollerHarness> NewEpollHarness() {
  return std::make_unique<KernelHarness>(EpollPoller::Create().value());
}

std::unique_ptr<PollerHarness> NewUringHarness() {
  return std::make_unique<KernelHarness>(UringPoller::Create().value());
}

std::unique_ptr<PollerHarness> NewCrampedUringHarness() {
  return std::make_unique<KernelHarness>(
      UringPoller::Create({.requests = 1, .completions = 2}).value());
}

std::unique_ptr<PollerHarness> NewFakeHarness() {
  return std::make_unique<FakeHarness>();
}

}  // namespace lev
