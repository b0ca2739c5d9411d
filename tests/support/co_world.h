// A root scope in virtual time, whose tasks are coroutines.

#ifndef TESTS_SUPPORT_CO_WORLD_H_
#define TESTS_SUPPORT_CO_WORLD_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/task/cancel_reason.h"
#include "lev/task/co_spawn.h"
#include "lev/task/scope.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"

namespace lev {

class CoWorld : public ::testing::Test {
 protected:
  ~CoWorld() override { root_.AbortAll(); }

  // A task of the root scope.
  template <typename F, typename... Args>
  auto Start(F&& function, Args&&... args) {
    return Spawn(root_, "", std::forward<F>(function),
                 std::forward<Args>(args)...);
  }

  // Runs until nobody can go on; false if somebody would.
  bool Run() { return loop_.Run().ok(); }

  // The same, and what a task has come to that began with it.
  template <typename F, typename... Args>
  auto Result(F&& function, Args&&... args) {
    auto handle = Start(std::forward<F>(function), std::forward<Args>(args)...);
    EXPECT_TRUE(Run());
    return handle.outcome();
  }

  // Does `action` when the clock gets to `when`.
  void At(Instant when, std::function<void()> action) {
    loop_.Park(world_.Add(std::move(action)), {}, when);
  }

  Bell bell_;
  std::string trace_;
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
  Scope root_{loop_};
};

// Appends its letter when it is destroyed.
class Farewell {
 public:
  Farewell(std::string& trace, char letter) : trace_(trace), letter_(letter) {}
  ~Farewell() { trace_ += letter_; }
  Farewell(const Farewell&) = delete;
  Farewell& operator=(const Farewell&) = delete;

 private:
  std::string& trace_;
  const char letter_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_CO_WORLD_H_
