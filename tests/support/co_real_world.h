// Coroutines over the real clock and a real poller.

#ifndef TESTS_SUPPORT_CO_REAL_WORLD_H_
#define TESTS_SUPPORT_CO_REAL_WORLD_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/poller.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_spawn.h"
#include "tests/support/real_poller.h"

namespace lev {

class CoRealWorld : public ::testing::Test {
 protected:
  // Runs `function` as a task, and all that begins meanwhile. What hangs fails
  // after a while.
  template <typename F>
  auto Result(F function) {
    CoScope root(loop_);
    auto task = Spawn(root, "test", [&function] {
      return WithTimeout(20 * kSecond, function);
    });
    const absl::Status ran = loop_.Run();
    EXPECT_TRUE(ran.ok()) << ran;
    return task.TakeOutcome();
  }

  MonotonicClock clock_;
  const std::unique_ptr<Poller> poller_ = MakeRealPoller();
  EventLoop loop_{clock_, *poller_};
  std::string trace_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_CO_REAL_WORLD_H_
