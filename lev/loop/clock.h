// Time as lev sees it: a monotonic count of nanoseconds.
//
// Inside lev everything is an `Instant` (a deadline); a timeout is turned into
// one where it enters, once. A `Clock` says what time it is and nothing more:
// the production one reads CLOCK_MONOTONIC, a test's one stands still until it
// is moved.

#ifndef LEV_LOOP_CLOCK_H_
#define LEV_LOOP_CLOCK_H_

#include <cstdint>
#include <limits>

namespace lev {

// A duration in nanoseconds. Never negative in lev's interfaces.
using Nanos = int64_t;

// A point on a clock's own axis, in nanoseconds.
using Instant = int64_t;

inline constexpr Nanos kMicrosecond = 1000;
inline constexpr Nanos kMillisecond = 1000 * kMicrosecond;
inline constexpr Nanos kSecond = 1000 * kMillisecond;

// "No deadline", and as a duration "for ever".
inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// The instant `wait` after `now`. A finite wait never becomes kNever: what
// overflows is clamped to the last instant there is.
constexpr Instant After(Instant now, Nanos wait) {
  if (wait == kNever) return kNever;
  return wait >= kNever - 1 - now ? kNever - 1 : now + wait;
}

class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes backwards.
  virtual Instant Now() = 0;
};

// CLOCK_MONOTONIC.
class MonotonicClock final : public Clock {
 public:
  Instant Now() override;
};

}  // namespace lev

#endif  // LEV_LOOP_CLOCK_H_
