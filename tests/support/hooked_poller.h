// A poller that lets a test look at, or meddle with, every wait of another.

#ifndef TESTS_SUPPORT_HOOKED_POLLER_H_
#define TESTS_SUPPORT_HOOKED_POLLER_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "lev/loop/poller.h"

namespace lev {

class HookedPoller final : public Poller {
 public:
  explicit HookedPoller(Poller& inner) : inner_(inner) {}

  // Called with the timeout before each wait.
  std::function<void(Nanos)> before;
  // Called after each wait, when its events are already on their way.
  std::function<void()> after;

  absl::Status Add(int fd, uint64_t tag) override {
    return inner_.Add(fd, tag);
  }

  void Remove(int fd) override { inner_.Remove(fd); }

  absl::Status Wait(Nanos timeout, std::vector<PollEvent>& events) override {
    // Copies: a hook may replace itself.
    if (const auto hook = before) hook(timeout);
    const absl::Status status = inner_.Wait(timeout, events);
    if (const auto hook = after) hook();
    return status;
  }

 private:
  Poller& inner_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_HOOKED_POLLER_H_
