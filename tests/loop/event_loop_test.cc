// The verbs of the loop, and its promises. The turn has a file of its own.

#include "lev/loop/event_loop.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "lev/loop/fd_watch.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

class EventLoopTest : public ::testing::Test {
 protected:
  FnWaiter& Letter(char letter) {
    return world_.Add([this, letter] { trace_ += letter; });
  }

  std::string trace_;
  Bell bell_;
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
};

TEST_F(EventLoopTest, AWaiterOnNothingWaitsForWake) {
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, {});
  EXPECT_EQ(waiter.state(), Waiter::State::kParked);

  loop_.Wake(waiter);

  EXPECT_EQ(waiter.state(), Waiter::State::kReady);
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(waiter.runs(), 1);
  EXPECT_EQ(waiter.wake(), Waiter::Wake::kScheduled);
}

TEST_F(EventLoopTest, WakeTakesAParkedWaiterOutOfEverything) {
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, bell_, kSecond);

  loop_.Wake(waiter);

  EXPECT_TRUE(bell_.empty());
  EXPECT_EQ(loop_.stats().timers, 0);
  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_EQ(waiter.runs(), 1);
  EXPECT_EQ(loop_.now(), 0);
}

TEST_F(EventLoopTest, WakeLeavesAReadyWaiterAlone) {
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, bell_);
  loop_.FireOne(bell_);

  loop_.Wake(waiter);

  EXPECT_TRUE(bell_.occupied());
  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_EQ(waiter.runs(), 1);
  EXPECT_EQ(waiter.wake(), Waiter::Wake::kList);
}

TEST_F(EventLoopTest, WakeLeavesAnIdleWaiterAlone) {
  FnWaiter& waiter = world_.Add();

  loop_.Wake(waiter);

  EXPECT_EQ(waiter.state(), Waiter::State::kIdle);
  EXPECT_EQ(loop_.stats().ready, 0);
}

TEST_F(EventLoopTest, WithdrawMakesAParkedWaiterIdle) {
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, bell_, kSecond);

  loop_.Withdraw(waiter);

  EXPECT_EQ(waiter.state(), Waiter::State::kIdle);
  EXPECT_TRUE(bell_.empty());
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(waiter.runs(), 0);
  EXPECT_EQ(loop_.now(), 0);
}

TEST_F(EventLoopTest, WithdrawMakesAReadyWaiterIdle) {
  FnWaiter& waiter = world_.Add();
  loop_.Schedule(waiter);

  loop_.Withdraw(waiter);

  EXPECT_EQ(waiter.state(), Waiter::State::kIdle);
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(waiter.runs(), 0);
}

TEST_F(EventLoopTest, WithdrawLeavesAnIdleWaiterAlone) {
  FnWaiter& waiter = world_.Add();
  loop_.Withdraw(waiter);
  loop_.Withdraw(waiter);
  EXPECT_EQ(waiter.state(), Waiter::State::kIdle);
}

TEST_F(EventLoopTest, AWithdrawnWaiterMayParkAgain) {
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, bell_, kSecond);
  loop_.Withdraw(waiter);

  loop_.Park(waiter, {}, 2 * kSecond);

  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_EQ(waiter.runs(), 1);
  EXPECT_EQ(loop_.now(), 2 * kSecond);
}

TEST_F(EventLoopTest, AWaiterWithdrawnByAnotherOfItsBatchDoesNotRun) {
  FnWaiter& second = Letter('b');
  loop_.Schedule(world_.Add([&] { loop_.Withdraw(second); }));
  loop_.Schedule(second);
  loop_.Schedule(Letter('c'));

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, "c");
}

TEST_F(EventLoopTest, AWaiterThatParksAgainInItsBatchRunsInTheNext) {
  FnWaiter& second = Letter('b');
  loop_.Schedule(world_.Add([&] {
    loop_.Withdraw(second);
    loop_.Schedule(second);
  }));
  loop_.Schedule(second);
  loop_.Schedule(Letter('c'));

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, "cb");
}

TEST_F(EventLoopTest, TheFirstOfListAndDeadlineWins) {
  FnWaiter& rung = world_.Add();
  FnWaiter& late = world_.Add();
  Bell silent;
  loop_.Park(rung, bell_, 20);
  loop_.Park(late, silent, 20);
  loop_.Park(world_.Add([&] { loop_.FireAll(bell_); }), {}, 10);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(rung.wake(), Waiter::Wake::kList);
  EXPECT_EQ(late.wake(), Waiter::Wake::kDeadline);
  EXPECT_EQ(rung.runs() + late.runs(), 2);
}

TEST_F(EventLoopTest, KnowsTheDeadlineOfAParkedWaiter) {
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, bell_, 20);
  EXPECT_EQ(loop_.DeadlineOf(waiter), 20);
  loop_.Withdraw(waiter);
}

TEST_F(EventLoopTest, ASpinningWaiterStarvesNoTimer) {
  bool done = false;
  FnWaiter& spinner = world_.Add();
  spinner.set_body([&] {
    world_.clock.Advance(kMicrosecond);
    if (!done) loop_.Schedule(spinner);
  });
  loop_.Schedule(spinner);
  loop_.Park(world_.Add([&] { done = true; }), {}, kMillisecond);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_LT(loop_.now(), 2 * kMillisecond);
}

TEST_F(EventLoopTest, ASpinningWaiterStarvesNoDescriptor) {
  bool done = false;
  FdWatch watch;
  watch.Open(loop_, world_.fake.Open());
  ASSERT_TRUE(watch.Register().ok());
  FnWaiter& spinner = world_.Add();
  spinner.set_body([&] {
    if (!done) loop_.Schedule(spinner);
  });
  loop_.Schedule(spinner);
  loop_.Park(world_.Add([&] { done = true; }), watch.readers());
  world_.fake.MakeReadable(watch.fd());

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_LE(spinner.runs(), 2 * EventLoop::kStepsPerTurn);
}

TEST_F(EventLoopTest, ReadyDescriptorsStarveNoReadyWaiter) {
  FdWatch watch;
  watch.Open(loop_, world_.fake.Open());
  ASSERT_TRUE(watch.Register().ok());
  FnWaiter& reader = world_.Add();
  reader.set_body([&] {
    if (loop_.stopped()) return;
    loop_.Park(reader, watch.readers());
    world_.fake.MakeReadable(watch.fd());
  });
  loop_.Schedule(reader);
  FnWaiter& other = world_.Add();
  other.set_body(
      [&] { other.runs() == 10 ? loop_.Stop() : loop_.Schedule(other); });
  loop_.Schedule(other);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(other.runs(), 10);
}

TEST_F(EventLoopTest, StopLeavesEverybodyWhereTheyAre) {
  loop_.Park(Letter('t'), bell_, kSecond);
  loop_.Schedule(world_.Add([&] { loop_.Stop(); }));
  loop_.Schedule(Letter('r'));
  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_EQ(loop_.stats().parked, 1);
  EXPECT_EQ(loop_.stats().ready, 1);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_FALSE(loop_.stopped());
  EXPECT_EQ(trace_, "rt");
}

TEST_F(EventLoopTest, GoesOnAfterADeadlockWhenSomebodyIsWoken) {
  loop_.Park(Letter('a'), bell_);
  ASSERT_FALSE(loop_.Run().ok());

  loop_.FireAll(bell_);

  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(trace_, "a");
}

TEST_F(EventLoopTest, CountsWhatIsThere) {
  FdWatch watch;
  watch.Open(loop_, world_.fake.Open());
  ASSERT_TRUE(watch.Register().ok());
  FnWaiter& timed = world_.Add();
  loop_.Park(timed, watch.readers(), kSecond);
  loop_.Park(world_.Add(), bell_);
  loop_.Schedule(world_.Add());

  const EventLoop::Stats stats = loop_.stats();

  EXPECT_EQ(stats.parked, 2);
  EXPECT_EQ(stats.ready, 1);
  EXPECT_EQ(stats.timers, 1);
  EXPECT_EQ(stats.registered_fds, 1);
  loop_.Withdraw(timed);
}

TEST_F(EventLoopTest, ASleepOfAnHourTakesNoTime) {
  loop_.Park(Letter('h'), {}, After(loop_.now(), 3600 * kSecond));
  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_EQ(trace_, "h");
  EXPECT_EQ(loop_.now(), 3600 * kSecond);
}

TEST(EventLoopDeathTest, AWaiterCannotParkTwice) {
  FakeWorld world;
  Bell bell;
  FnWaiter waiter(world.loop);
  world.loop.Park(waiter, bell);
  EXPECT_DEATH(world.loop.Park(waiter, bell), "parked twice");
}

TEST(EventLoopDeathTest, AParkedWaiterCannotBeScheduled) {
  FakeWorld world;
  FnWaiter waiter(world.loop);
  world.loop.Park(waiter, {});
  EXPECT_DEATH(world.loop.Schedule(waiter), "scheduled twice");
}

TEST(EventLoopDeathTest, MustOutliveItsWaiters) {
  EXPECT_DEATH(
      {
        std::optional<FakeWorld> world(std::in_place);
        FnWaiter waiter(world->loop);
        world->loop.Schedule(waiter);
        world.reset();
      },
      "a loop is destroyed before its waiters");
}

TEST(EventLoopDeathTest, MustOutliveItsWatches) {
  EXPECT_DEATH(
      {
        std::optional<FakeWorld> world(std::in_place);
        FdWatch watch;
        watch.Open(world->loop, world->fake.Open());
        watch.Register().IgnoreError();
        world.reset();
      },
      "a loop is destroyed before its descriptors are closed");
}

}  // namespace
}  // namespace lev
