#include "lev/loop/clock.h"

#include <time.h>

namespace lev {

Instant MonotonicClock::Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

}  // namespace lev
