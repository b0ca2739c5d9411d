#include "lev/task/interval.h"

#include "gtest/gtest.h"

namespace lev {
namespace {

using Missed = Interval::Missed;

TEST(IntervalTest, TicksOncePerPeriod) {
  Interval interval(100, 10, Missed::kSkip);
  EXPECT_FALSE(interval.Take(109));
  EXPECT_TRUE(interval.Take(110));
  EXPECT_FALSE(interval.Take(110));
  EXPECT_TRUE(interval.Take(123));
  EXPECT_EQ(interval.next(), 130);
  EXPECT_EQ(interval.ticks(), 2);
}

TEST(IntervalTest, MayDropWhatWasMissed) {
  Interval interval(0, 10, Missed::kSkip);
  EXPECT_TRUE(interval.Take(35));
  EXPECT_EQ(interval.ticks(), 3);
  EXPECT_EQ(interval.next(), 40);
}

TEST(IntervalTest, MayDeliverAllThatWasMissed) {
  Interval interval(0, 10, Missed::kBurst);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(interval.Take(35));
    EXPECT_EQ(interval.ticks(), i);
  }
  EXPECT_FALSE(interval.Take(35));
  EXPECT_EQ(interval.next(), 40);
}

TEST(IntervalTest, MayBeginAnewAfterALateTick) {
  Interval interval(0, 10, Missed::kDelay);
  EXPECT_TRUE(interval.Take(35));
  EXPECT_EQ(interval.ticks(), 1);
  EXPECT_EQ(interval.next(), 45);
}

TEST(IntervalTest, MayNeverTick) {
  Interval interval(1, kNever, Missed::kSkip);
  EXPECT_EQ(interval.next(), kNever);
  EXPECT_FALSE(interval.Take(kNever - 1));
}

}  // namespace
}  // namespace lev
