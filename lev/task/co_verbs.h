// Awaitable verbs about time and turns.

#ifndef LEV_TASK_CO_VERBS_H_
#define LEV_TASK_CO_VERBS_H_

#include "absl/status/status.h"
#include "lev/loop/clock.h"
#include "lev/loop/step.h"
#include "lev/task/co_await.h"

namespace lev {

class SleepVerb final : public CoVerb {
 public:
  SleepVerb(Nanos duration, CancelToken* cancel)
      : CoVerb({.timeout = duration, .cancel = cancel}) {}
  absl::Status Take() { return status(); }

 private:
  Step Try(bool retry) override {
    const bool over = retry && deadline() <= loop().now();
    return over ? Step::Done() : Step{Step::Kind::kBlocked};
  }
};

// `co_await Sleep(kSecond)`: OK, or "cancelled". Even to sleep for kNever is no
// deadlock.
inline SleepVerb Sleep(Nanos duration, CancelToken* cancel = nullptr) {
  return SleepVerb(duration == kNever ? kNever - 1 : duration, cancel);
}

class YieldVerb final : public CoVerb {
 public:
  YieldVerb() { PauseFirst(); }
  absl::Status Take() { return status(); }

 private:
  Step Try(bool) override { return Step::Done(); }
};

// `co_await Yield()`: lets the others have their turn. OK, or "cancelled".
inline YieldVerb Yield() { return YieldVerb(); }

}  // namespace lev

#endif  // LEV_TASK_CO_VERBS_H_
