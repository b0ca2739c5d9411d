// A world for coroutines: over epoll, over io_uring, or in memory.

#ifndef TESTS_TESTING_ANY_WORLD_H_
#define TESTS_TESTING_ANY_WORLD_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/loop/epoll_poller.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/poller.h"
#include "lev/loop/uring_poller.h"
#include "lev/net/socket_calls.h"
#include "lev/task/scope.h"
#include "lev/testing/test_world.h"
#include "tests/support/descriptors.h"

namespace lev {

enum class Where : uint8_t { kEpoll, kUring, kMemory };

inline std::string NameOfWhere(const testing::TestParamInfo<Where>& info) {
  constexpr const char* kNames[] = {"Epoll", "Uring", "Memory"};
  return kNames[static_cast<int>(info.param)];
}

class AnyWorld {
 public:
  virtual ~AnyWorld() = default;

  virtual EventLoop& loop() = 0;
  virtual Scope& root() = 0;
  // Where its sockets are made.
  virtual SocketCalls& calls() = 0;
  // Until all have ended. A hang is an error, and so is what is left open.
  virtual absl::Status Run() = 0;
};

class KernelWorld final : public AnyWorld {
 public:
  explicit KernelWorld(std::unique_ptr<Poller> poller)
      : poller_(std::move(poller)) {}
  ~KernelWorld() override { root_.AbortAll(); }

  EventLoop& loop() override { return loop_; }
  Scope& root() override { return root_; }
  SocketCalls& calls() override { return KernelSockets(); }
  absl::Status Run() override {
    absl::Status ran = loop_.Run();
    if (ran.ok() && CountOpenFds() != open_before_) {
      return absl::FailedPreconditionError("descriptors are left open");
    }
    return ran;
  }

 private:
  MonotonicClock clock_;
  const std::unique_ptr<Poller> poller_;
  EventLoop loop_{clock_, *poller_};
  Scope root_{loop_};
  const size_t open_before_ = CountOpenFds();
};

class InMemory final : public AnyWorld {
 public:
  EventLoop& loop() override { return world_.loop(); }
  Scope& root() override { return world_.root(); }
  SocketCalls& calls() override { return world_.host(); }
  absl::Status Run() override { return world_.Run(); }

 private:
  TestWorld world_;
};

// An error where the kernel refuses io_uring.
inline absl::StatusOr<std::unique_ptr<AnyWorld>> MakeWorld(Where where) {
  if (where == Where::kMemory) return std::make_unique<InMemory>();
  if (where == Where::kEpoll) {
    auto poller = EpollPoller::Create();
    if (!poller.ok()) return poller.status();
    return std::make_unique<KernelWorld>(*std::move(poller));
  }
  auto poller = UringPoller::Create();
  if (!poller.ok()) return poller.status();
  return std::make_unique<KernelWorld>(*std::move(poller));
}

}  // namespace lev

#endif  // TESTS_TESTING_ANY_WORLD_H_
