// The ticks of a clock: number N is due N periods after the beginning.
//
// Pure arithmetic; who waits for the next one is its user's business.

#ifndef LEV_TASK_INTERVAL_H_
#define LEV_TASK_INTERVAL_H_

#include <cstdint>

#include "lev/loop/clock.h"

namespace lev {

class Interval {
 public:
  // What becomes of ticks that were due while nobody took any.
  enum class Missed : uint8_t {
    kSkip,   // They are dropped; the next comes at its time.
    kBurst,  // All are delivered, one after the other without delay.
    kDelay,  // The late one is delivered, and the next a period after that.
  };

  // `period` is positive.
  Interval(Instant begin, Nanos period, Missed missed)
      : period_(period), missed_(missed), next_(After(begin, period)) {}

  Instant next() const { return next_; }

  // Takes a tick, if one is due at `now`; its number is in ticks() then.
  bool Take(Instant now) {
    if (now < next_) return false;
    ++ticks_;
    const int64_t late = (now - next_) / period_;
    switch (missed_) {
      case Missed::kSkip:
        ticks_ += late;
        next_ = After(next_ + late * period_, period_);
        break;
      case Missed::kBurst:
        next_ = After(next_, period_);
        break;
      case Missed::kDelay:
        next_ = After(now, period_);
        break;
    }
    return true;
  }

  // The number of the last tick that was taken. Those skipped count.
  int64_t ticks() const { return ticks_; }

 private:
  const Nanos period_;
  const Missed missed_;
  Instant next_;
  int64_t ticks_ = 0;
};

}  // namespace lev

#endif  // LEV_TASK_INTERVAL_H_
