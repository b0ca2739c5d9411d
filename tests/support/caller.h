// Somebody who calls a step in virtual time until it is no longer blocked, or
// the deadline has come, or they are cancelled: as the drivers do.

#ifndef TESTS_SUPPORT_CALLER_H_
#define TESTS_SUPPORT_CALLER_H_

#include <functional>
#include <utility>

#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/step.h"
#include "lev/loop/waiter.h"

namespace lev {

class Caller final : public Waiter {
 public:
  using TryStep = std::function<Step()>;

  // Begins when the loop runs.
  Caller(EventLoop& loop, TryStep step, Instant deadline = kNever)
      : Waiter(loop), step_(std::move(step)), deadline_(deadline) {
    loop.Schedule(*this);
  }
  ~Caller() override {
    loop().Withdraw(*this);
    if (give_up) give_up();
  }

  // Undoes what the step has begun, when the call ends otherwise.
  std::function<void()> give_up;
  // After the step is done.
  std::function<void()> then;
  // After each turn it had, and however the call goes on.
  std::function<void()> after;

  void Cancel() {
    cancelled_ = true;
    loop().Wake(*this);
  }
  // As a task that is destroyed where it waits: it takes nothing any more, also
  // what it was granted and does not know of.
  void Abort() {
    if (!blocked()) return;
    loop().Withdraw(*this);
    gave_up_ = aborted_ = true;
    if (give_up) give_up();
  }
  bool aborted() const { return aborted_; }
  bool done() const { return done_; }
  bool failed() const { return failed_; }
  bool gave_up() const { return gave_up_; }
  bool blocked() const { return !done_ && !failed_ && !gave_up_; }

 private:
  void Run() override {
    Try();
    if (after) after();
  }

  void Try() {
    const Step step = step_();
    done_ = step.done();
    failed_ = step.failed();
    if (done_ && then) then();
    if (!step.blocked()) return;
    if (cancelled_ || deadline_ <= loop().now()) {
      gave_up_ = true;
      if (give_up) give_up();
      return;
    }
    loop().Park(*this, *step.list, deadline_);
  }

  const TryStep step_;
  const Instant deadline_;
  bool cancelled_ = false;
  bool done_ = false;
  bool failed_ = false;
  bool gave_up_ = false;
  bool aborted_ = false;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_CALLER_H_
