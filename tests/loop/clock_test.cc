#include "lev/loop/clock.h"

#include "gtest/gtest.h"

namespace lev {
namespace {

TEST(ClockTest, AfterAddsTheWait) { EXPECT_EQ(After(5, 7), 12); }

TEST(ClockTest, AfterForEverIsNever) { EXPECT_EQ(After(5, kNever), kNever); }

TEST(ClockTest, AFiniteWaitNeverBecomesNever) {
  EXPECT_EQ(After(5, kNever - 1), kNever - 1);
  EXPECT_EQ(After(1, kNever - 2), kNever - 1);
  EXPECT_EQ(After(0, kNever - 1), kNever - 1);
  EXPECT_EQ(After(kNever - 1, 1), kNever - 1);
}

TEST(ClockTest, TheMonotonicClockDoesNotGoBackwards) {
  MonotonicClock clock;
  Instant last = clock.Now();
  for (int i = 0; i < 1000; ++i) {
    const Instant now = clock.Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace lev
