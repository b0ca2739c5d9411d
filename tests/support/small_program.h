// A small program for an Explorer: callers of steps, and what happens to them
// after some turns of the loop.

#ifndef TESTS_SUPPORT_SMALL_PROGRAM_H_
#define TESTS_SUPPORT_SMALL_PROGRAM_H_

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "tests/support/caller.h"
#include "tests/support/explorer.h"
#include "tests/support/fake_world.h"

namespace lev {

class SmallProgram {
 public:
  explicit SmallProgram(Explorer& explorer)
      : world_(explorer), explorer_(explorer) {}

  EventLoop& loop() { return world_.loop; }

  // A call that begins when the program runs. `give_up` takes back what the
  // step has begun.
  Caller& Call(Caller::TryStep step, std::function<void()> give_up,
               Instant deadline = kNever) {
    callers_.push_back(
        std::make_unique<Caller>(loop(), std::move(step), deadline));
    callers_.back()->give_up = std::move(give_up);
    return *callers_.back();
  }

  // `act` happens after 0 to `most` turns: one course for each.
  void Sometime(size_t most, std::function<void()> act) {
    After(explorer_.Choose(most + 1), std::move(act));
  }
  void After(size_t turns, std::function<void()> act) {
    FnWaiter& waiter = world_.Add();
    waiter.set_body([this, turns, &waiter, act = std::move(act)] {
      const bool due = waiter.runs() > static_cast<int>(turns);
      return due ? act() : loop().Schedule(waiter);
    });
    loop().Schedule(waiter);
  }

  // The same: it is cancelled, or aborted.
  void Strike(Caller& caller, size_t most) {
    const bool aborts = explorer_.Choose(2) != 0;
    Sometime(most, [&caller, aborts] {
      return aborts ? caller.Abort() : caller.Cancel();
    });
  }

  // At that time.
  void At(Instant time, std::function<void()> act) {
    loop().Park(world_.Add(std::move(act)), {}, time);
  }

  // Called whenever somebody has had a turn.
  void CheckAlways(std::function<void()> check) {
    for (const auto& caller : callers_) caller->after = check;
  }

  // Until all have ended, or nobody can go on.
  void Run() { loop().Run().IgnoreError(); }

  size_t blocked() const {
    size_t count = 0;
    for (const auto& caller : callers_) count += caller->blocked() ? 1 : 0;
    return count;
  }

 private:
  FakeWorld world_;
  Explorer& explorer_;
  std::vector<std::unique_ptr<Caller>> callers_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_SMALL_PROGRAM_H_
