// A call after a while, for what cannot be waited for but only tried again. It
// keeps no run alive: those who wait for what it retries do.

#ifndef LEV_NET_RETRY_TIMER_H_
#define LEV_NET_RETRY_TIMER_H_

#include <utility>

#include "absl/functional/any_invocable.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/waiter.h"

namespace lev {

class RetryTimer final : private Waiter {
 public:
  // `retry` is called in the loop's turn, when the time has come.
  RetryTimer(EventLoop& loop, absl::AnyInvocable<void()> retry)
      : Waiter(loop), retry_(std::move(retry)) {
    ServeInBackground();
  }

  // (Re)starts: one call, `delay` from now on.
  void Start(Nanos delay) {
    loop().Withdraw(*this);
    loop().Park(*this, {}, After(loop().FreshNow(), delay));
  }

 private:
  void Run() override { retry_(); }

  absl::AnyInvocable<void()> retry_;
};

}  // namespace lev

#endif  // LEV_NET_RETRY_TIMER_H_
