#include "lev/net/retry_timer.h"

#include <optional>

#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

class RetryTimerTest : public testing::Test {
 protected:
  // The run goes on until then.
  void RunUntil(Instant when) {
    FnWaiter& waiter = world_.Add();
    loop_.Park(waiter, {}, when);
    EXPECT_TRUE(loop_.Run().ok());
  }

  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
  int calls_ = 0;
  std::optional<RetryTimer> timer_{std::in_place, loop_, [this] { ++calls_; }};
};

TEST_F(RetryTimerTest, CallsOnceWhenTheTimeHasCome) {
  timer_->Start(10);
  RunUntil(9);
  EXPECT_EQ(calls_, 0);
  RunUntil(100);
  EXPECT_EQ(calls_, 1);
}

TEST_F(RetryTimerTest, StartingAgainPutsItOff) {
  timer_->Start(10);
  timer_->Start(50);
  RunUntil(40);
  EXPECT_EQ(calls_, 0);
  RunUntil(100);
  EXPECT_EQ(calls_, 1);
}

TEST_F(RetryTimerTest, MayBeStartedByItsOwnCall) {
  timer_.emplace(loop_, [this] {
    if (++calls_ < 3) timer_->Start(10);
  });
  timer_->Start(10);
  RunUntil(100);
  EXPECT_EQ(calls_, 3);
}

TEST_F(RetryTimerTest, KeepsNoRunAlive) {
  timer_->Start(10);
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(loop_.now(), 0);
}

TEST_F(RetryTimerTest, IsNoDeadlockForThoseWhoWaitForItsCall) {
  Bell bell;
  timer_.emplace(loop_, [&] { bell.FireAll(); });
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, bell);
  timer_->Start(10);
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(waiter.runs(), 1);
  EXPECT_EQ(loop_.now(), 10);
}

TEST_F(RetryTimerTest, DestroyedItNeverCalls) {
  timer_->Start(10);
  timer_.reset();
  EXPECT_EQ(loop_.stats().timers, 0u);
  RunUntil(100);
  EXPECT_EQ(calls_, 0);
}

}  // namespace
}  // namespace lev
