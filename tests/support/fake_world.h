// A loop in virtual time, with fake descriptors.

#ifndef TESTS_SUPPORT_FAKE_WORLD_H_
#define TESTS_SUPPORT_FAKE_WORLD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "lev/loop/chance.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fake_poller.h"
#include "tests/support/fn_waiter.h"
#include "tests/support/hooked_poller.h"

namespace lev {

struct FakeWorld {
  explicit FakeWorld(uint64_t seed = 0) : loop(clock, poller, {.seed = seed}) {}
  explicit FakeWorld(Chance& chance)
      : loop(clock, poller, {.chance = &chance}) {}

  // A waiter of this world, which lives as long as it does.
  FnWaiter& Add(std::function<void()> body = nullptr) {
    waiters.push_back(std::make_unique<FnWaiter>(loop, std::move(body)));
    return *waiters.back();
  }

  FakeClock clock;
  FakePoller fake{clock};
  HookedPoller poller{fake};
  EventLoop loop;
  std::vector<std::unique_ptr<FnWaiter>> waiters;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_FAKE_WORLD_H_
