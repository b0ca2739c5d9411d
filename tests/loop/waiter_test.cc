#include "lev/loop/waiter.h"

#include <optional>
#include <string>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

class WaiterTest : public ::testing::Test {
 protected:
  void ExpectNothingLeft() {
    const EventLoop::Stats stats = loop_.stats();
    EXPECT_EQ(stats.parked, 0);
    EXPECT_EQ(stats.ready, 0);
    EXPECT_EQ(stats.timers, 0);
  }

  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
};

TEST_F(WaiterTest, IsIdleUntilSomebodyMovesIt) {
  FnWaiter waiter(loop_);
  EXPECT_EQ(waiter.state(), Waiter::State::kIdle);
  EXPECT_EQ(waiter.runs(), 0);
}

TEST_F(WaiterTest, IsIdleWhileItRuns) {
  FnWaiter waiter(loop_);
  Waiter::State state = Waiter::State::kReady;
  waiter.set_body([&] { state = waiter.state(); });
  loop_.Schedule(waiter);
  EXPECT_EQ(waiter.state(), Waiter::State::kReady);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(state, Waiter::State::kIdle);
  EXPECT_EQ(waiter.runs(), 1);
}

TEST_F(WaiterTest, DestroyedWhileParkedItLeavesNothingBehind) {
  Bell bell;
  {
    FnWaiter waiter(loop_);
    loop_.Park(waiter, bell, kSecond);
    EXPECT_EQ(loop_.stats().parked, 1);
    EXPECT_EQ(loop_.stats().timers, 1);
  }
  ExpectNothingLeft();
  EXPECT_FALSE(bell.occupied());
}

TEST_F(WaiterTest, DestroyedWhileReadyItLeavesNothingBehind) {
  Bell bell;
  {
    FnWaiter waiter(loop_);
    loop_.Park(waiter, bell, kSecond);
    loop_.FireOne(bell);
    EXPECT_EQ(loop_.stats().ready, 1);
  }
  ExpectNothingLeft();
  EXPECT_FALSE(bell.occupied());
}

TEST_F(WaiterTest, DestroyedWhileParkedOnManyArmsItLeavesAll) {
  Bell bells[3];
  {
    Arm arms[3];
    for (int i = 0; i < 3; ++i) arms[i].list = &bells[i];
    FnWaiter waiter(loop_);
    loop_.Park(waiter, absl::MakeSpan(arms), kSecond);
  }
  ExpectNothingLeft();
  for (const Bell& bell : bells) EXPECT_TRUE(bell.empty());
}

TEST_F(WaiterTest, MayDestroyItselfWhileItRuns) {
  std::optional<FnWaiter> waiter;
  waiter.emplace(loop_, [&] { waiter.reset(); });
  loop_.Schedule(*waiter);

  EXPECT_TRUE(loop_.Run().ok());

  EXPECT_FALSE(waiter.has_value());
}

TEST_F(WaiterTest, MayDestroyAnotherThatIsReadyInTheSameBatch) {
  std::optional<FnWaiter> second;
  FnWaiter first(loop_, [&] { second.reset(); });
  bool ran = false;
  second.emplace(loop_, [&] { ran = true; });
  loop_.Schedule(first);
  loop_.Schedule(*second);

  EXPECT_TRUE(loop_.Run().ok());

  EXPECT_FALSE(ran);
}

TEST_F(WaiterTest, MayParkAgainOnTheListThatWokeIt) {
  Bell bell;
  FnWaiter waiter(loop_);
  waiter.set_body([&] {
    if (waiter.runs() == 1) loop_.Park(waiter, bell);
  });
  loop_.Park(waiter, bell);
  loop_.FireAll(bell);
  loop_.Run().IgnoreError();
  EXPECT_EQ(waiter.state(), Waiter::State::kParked);

  loop_.FireAll(bell);

  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(waiter.runs(), 2);
}

TEST_F(WaiterTest, KnowsThatAListWokeIt) {
  Bell bell;
  FnWaiter waiter(loop_);
  loop_.Park(waiter, bell, kSecond);
  loop_.FireOne(bell);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(waiter.wake(), Waiter::Wake::kList);
  EXPECT_EQ(waiter.woken_by(), 0);
}

TEST_F(WaiterTest, KnowsThatItsDeadlineCame) {
  Bell bell;
  FnWaiter waiter(loop_);
  loop_.Park(waiter, bell, kSecond);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(waiter.wake(), Waiter::Wake::kDeadline);
}

TEST_F(WaiterTest, KnowsThatItWasScheduled) {
  FnWaiter waiter(loop_);
  loop_.Park(waiter, {}, 1);
  ASSERT_TRUE(loop_.Run().ok());
  ASSERT_EQ(waiter.wake(), Waiter::Wake::kDeadline);
  loop_.Schedule(waiter);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(waiter.wake(), Waiter::Wake::kScheduled);
}

TEST_F(WaiterTest, SaysWhatItWaitsFor) {
  Bell door("the door");
  Bell phone("the phone");
  FnWaiter waiter(loop_);
  EXPECT_EQ(waiter.DescribeWait(), "its turn");
  Arm arms[2];
  arms[0].list = &door;
  arms[1].list = &phone;

  loop_.Park(waiter, absl::MakeSpan(arms), loop_.now() + kSecond * 5 / 2);

  EXPECT_EQ(waiter.DescribeWait(), "the door or the phone or a timer in 2.5 s");
}

TEST_F(WaiterTest, SaysThatItWaitsForATimerOnly) {
  FnWaiter waiter(loop_);
  loop_.Park(waiter, {}, loop_.now() + kSecond);
  EXPECT_EQ(waiter.DescribeWait(), "a timer in 1 s");
}

TEST_F(WaiterTest, SaysThatItWaitsForNothing) {
  FnWaiter waiter(loop_);
  loop_.Park(waiter, {});
  EXPECT_EQ(waiter.DescribeWait(), "nothing");
}

TEST_F(WaiterTest, SaysWhichDescriptorItWaitsFor) {
  FdWatch watch;
  watch.Open(loop_, 7);
  FnWaiter reader(loop_);
  FnWaiter writer(loop_);
  loop_.Park(reader, watch.readers());
  loop_.Park(writer, watch.writers());

  EXPECT_EQ(reader.DescribeWait(), "fd 7 to be readable");
  EXPECT_EQ(writer.DescribeWait(), "fd 7 to be writable");
}

TEST_F(WaiterTest, SaysInFewWordsWhatItWaitsFor) {
  Bell door("the door");
  FnWaiter waiter(loop_);
  FnWaiter sleeper(loop_);
  EXPECT_EQ(waiter.DescribeSource(), "its turn");
  EXPECT_EQ(waiter.deadline(), kNever);

  loop_.Park(waiter, door, loop_.now() + kSecond);
  loop_.Park(sleeper, {}, loop_.now() + 2 * kSecond);

  EXPECT_EQ(waiter.DescribeSource(), "the door");
  EXPECT_EQ(waiter.deadline(), loop_.now() + kSecond);
  EXPECT_EQ(sleeper.DescribeSource(), "a timer");
}

// Waits in the background, for the world.
class Onlooker final : public FnWaiter {
 public:
  Onlooker(EventLoop& loop, WaitList& list, bool only_looks) : FnWaiter(loop) {
    if (only_looks) {
      LookOn();
    } else {
      ServeInBackground();
    }
    loop.Park(*this, list);
  }
};

TEST_F(WaiterTest, ARunEndsAlthoughAnOnlookerWaits) {
  FdWatch watch;
  watch.Open(loop_, 7);
  const Onlooker onlooker(loop_, watch.readers(), true);
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(onlooker.runs(), 0);
}

TEST_F(WaiterTest, AnOnlookerIsNoHopeInADeadlock) {
  FdWatch watch;
  watch.Open(loop_, 7);
  const Onlooker onlooker(loop_, watch.readers(), true);
  FnWaiter waiter(loop_);
  loop_.Park(waiter, {});
  int polls = 0;
  world_.poller.before = [&](Nanos) { ++polls; };
  EXPECT_FALSE(loop_.Run().ok());
  EXPECT_EQ(polls, 0);
}

TEST_F(WaiterTest, WhoServesInTheBackgroundIsHope) {
  FdWatch watch;
  watch.Open(loop_, 7);
  const Onlooker server(loop_, watch.readers(), false);
  FnWaiter waiter(loop_);
  loop_.Park(waiter, {});
  int polls = 0;
  world_.poller.before = [&](Nanos) { ++polls; };
  EXPECT_FALSE(loop_.Run().ok());
  EXPECT_EQ(polls, 1);
}

}  // namespace
}  // namespace lev
