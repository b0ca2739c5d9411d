// Lists, arms and the handing on of wakes.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/waiter.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

class WaitListTest : public ::testing::Test {
 protected:
  // Parks a waiter at `bell_` that appends `letter`.
  FnWaiter& ParkLetter(char letter) {
    FnWaiter& waiter = world_.Add([this, letter] { trace_ += letter; });
    loop_.Park(waiter, bell_);
    return waiter;
  }

  // Runs what is ready; those who stay parked are none of our business.
  std::string Trace() {
    loop_.Run().IgnoreError();
    return trace_;
  }

  Bell bell_;
  Bell bells_[3];
  std::string trace_;
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
};

TEST_F(WaitListTest, FireOneWakesTheFirstWhoCame) {
  ParkLetter('a');
  ParkLetter('b');

  EXPECT_TRUE(loop_.FireOne(bell_));

  EXPECT_EQ(Trace(), "a");
}

TEST_F(WaitListTest, FireOneSaysThatNobodyWaits) {
  EXPECT_FALSE(loop_.FireOne(bell_));
  EXPECT_FALSE(bell_.occupied());
}

TEST_F(WaitListTest, FireAllWakesAllInTheOrderOfParking) {
  for (const char letter : {'a', 'b', 'c'}) ParkLetter(letter);

  loop_.FireAll(bell_);

  EXPECT_TRUE(bell_.empty());
  EXPECT_EQ(Trace(), "abc");
}

TEST_F(WaitListTest, FireAllDoesNotWakeThoseWhoParkWhenWoken) {
  FnWaiter& waiter = world_.Add();
  waiter.set_body([&] { loop_.Park(waiter, bell_); });
  loop_.Park(waiter, bell_);

  bell_.FireAll();

  Trace();
  EXPECT_EQ(waiter.runs(), 1);
}

TEST_F(WaitListTest, NothingRunsInsideAFire) {
  ParkLetter('a');
  loop_.FireOne(bell_);
  EXPECT_EQ(trace_, "");
}

TEST_F(WaitListTest, IsOccupiedUntilTheWokenOneRuns) {
  FnWaiter& waiter = world_.Add();
  bool occupied = true;
  waiter.set_body([&] { occupied = bell_.occupied(); });
  loop_.Park(waiter, bell_);
  EXPECT_TRUE(bell_.occupied());

  loop_.FireOne(bell_);
  EXPECT_TRUE(bell_.empty());
  EXPECT_TRUE(bell_.occupied());

  Trace();
  EXPECT_FALSE(occupied);
  EXPECT_FALSE(bell_.occupied());
}

TEST_F(WaitListTest, FireAllLeavesItUnoccupied) {
  ParkLetter('a');
  ParkLetter('b');
  loop_.FireOne(bell_);

  loop_.FireAll(bell_);

  EXPECT_FALSE(bell_.occupied());
  EXPECT_EQ(Trace(), "ab");
}

TEST_F(WaitListTest, FireAllForgetsAClaimWhenNobodyElseWaits) {
  ParkLetter('a');
  loop_.FireOne(bell_);

  loop_.FireAll(bell_);

  EXPECT_FALSE(bell_.occupied());
}

TEST_F(WaitListTest, FireAllWithinABatchForgetsClaimsToo) {
  std::optional<Bell> bell(std::in_place);
  FnWaiter& first = world_.Add([&] {
    loop_.FireAll(*bell);
    EXPECT_FALSE(bell->occupied());
    bell.reset();
  });
  FnWaiter& second = world_.Add([&] { trace_ += 'b'; });
  loop_.Park(second, *bell);
  loop_.Schedule(first);
  loop_.FireOne(*bell);

  EXPECT_EQ(Trace(), "b");
}

TEST_F(WaitListTest, FireAllForgetsNoClaimOnAnotherList) {
  Bell other;
  FnWaiter& first = world_.Add();
  FnWaiter& second = world_.Add();
  loop_.Park(first, other);
  loop_.Park(second, bell_);
  loop_.FireOne(other);
  loop_.FireOne(bell_);

  loop_.FireAll(bell_);

  EXPECT_TRUE(other.occupied());
  EXPECT_FALSE(bell_.occupied());
  Trace();
}

TEST_F(WaitListTest, AWithdrawnWaiterHandsItsWakeOn) {
  FnWaiter& first = ParkLetter('a');
  ParkLetter('b');
  ParkLetter('c');
  loop_.FireOne(bell_);

  loop_.Withdraw(first);

  EXPECT_EQ(Trace(), "b");
}

TEST_F(WaitListTest, ADestroyedWaiterHandsItsWakeOn) {
  std::optional<FnWaiter> first;
  first.emplace(loop_);
  loop_.Park(*first, bell_);
  ParkLetter('b');
  loop_.FireOne(bell_);

  first.reset();

  EXPECT_EQ(Trace(), "b");
}

TEST_F(WaitListTest, AWakeIsHandedOnUntilSomebodyTakesIt) {
  FnWaiter& first = ParkLetter('a');
  FnWaiter& second = ParkLetter('b');
  ParkLetter('c');
  loop_.FireOne(bell_);

  loop_.Withdraw(first);
  loop_.Withdraw(second);

  EXPECT_EQ(Trace(), "c");
}

TEST_F(WaitListTest, AWakeWithNobodyLeftIsForgotten) {
  FnWaiter& only = ParkLetter('a');
  loop_.FireOne(bell_);

  loop_.Withdraw(only);

  EXPECT_FALSE(bell_.occupied());
  ParkLetter('b');
  EXPECT_EQ(Trace(), "");
}

TEST_F(WaitListTest, AWakeByFireAllIsNotHandedOn) {
  FnWaiter& first = ParkLetter('a');
  loop_.FireAll(bell_);
  ParkLetter('b');

  loop_.Withdraw(first);

  EXPECT_EQ(Trace(), "");
}

TEST_F(WaitListTest, AWaiterThatRanHasNoWakeToHandOn) {
  FnWaiter& first = ParkLetter('a');
  ParkLetter('b');
  loop_.FireOne(bell_);
  EXPECT_EQ(Trace(), "a");

  loop_.Withdraw(first);

  EXPECT_EQ(Trace(), "a");
}

TEST_F(WaitListTest, AWithdrawnWaiterLeavesTheOthersInOrder) {
  ParkLetter('a');
  FnWaiter& middle = ParkLetter('b');
  ParkLetter('c');

  loop_.Withdraw(middle);
  loop_.FireAll(bell_);

  EXPECT_EQ(Trace(), "ac");
}

class ArmsTest : public WaitListTest {
 protected:
  ArmsTest() {
    for (int i = 0; i < 3; ++i) arms_[i].list = &bells_[i];
    loop_.Park(waiter_, absl::MakeSpan(arms_), 10 * kSecond);
  }

  Arm arms_[3];
  FnWaiter& waiter_ = world_.Add();
};

TEST_F(ArmsTest, TheFirstToFireUnlinksTheOthers) {
  loop_.FireOne(bells_[1]);

  for (const Bell& bell : bells_) EXPECT_TRUE(bell.empty());
  EXPECT_EQ(loop_.stats().timers, 0);
  EXPECT_FALSE(loop_.FireOne(bells_[2]));
  Trace();
  EXPECT_EQ(waiter_.runs(), 1);
  EXPECT_EQ(waiter_.woken_by(), 1);
}

TEST_F(ArmsTest, FireAllSaysWhichArmItWas) {
  loop_.FireAll(bells_[2]);
  loop_.FireAll(bells_[0]);

  Trace();

  EXPECT_EQ(waiter_.woken_by(), 2);
}

TEST_F(ArmsTest, TheDeadlineUnlinksAllArms) {
  Trace();
  EXPECT_EQ(waiter_.wake(), Waiter::Wake::kDeadline);
  for (const Bell& bell : bells_) EXPECT_TRUE(bell.empty());
}

TEST_F(ArmsTest, OnlyTheFiredListIsOccupied) {
  loop_.FireOne(bells_[1]);
  EXPECT_FALSE(bells_[0].occupied());
  EXPECT_TRUE(bells_[1].occupied());
  Trace();
}

TEST_F(ArmsTest, TheWakeIsHandedOnInTheListThatFired) {
  FnWaiter& elsewhere = world_.Add([&] { trace_ += 'x'; });
  FnWaiter& next = world_.Add([&] { trace_ += 'n'; });
  loop_.Park(elsewhere, bells_[0]);
  loop_.Park(next, bells_[1]);
  loop_.FireOne(bells_[1]);

  loop_.Withdraw(waiter_);

  EXPECT_EQ(Trace(), "n");
}

TEST_F(ArmsTest, MayBeUsedAgain) {
  loop_.FireOne(bells_[1]);
  Trace();

  loop_.Park(waiter_, absl::MakeSpan(arms_));
  loop_.FireOne(bells_[0]);

  Trace();
  EXPECT_EQ(waiter_.runs(), 2);
  EXPECT_EQ(waiter_.woken_by(), 0);
}

TEST_F(WaitListTest, AListMayGoBeforeAWaiterThatWasWokenElsewhere) {
  std::optional<Bell> gone(std::in_place);
  Arm arms[2];
  arms[0].list = &*gone;
  arms[1].list = &bell_;
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, absl::MakeSpan(arms));
  loop_.FireOne(bell_);

  gone.reset();

  Trace();
  EXPECT_EQ(waiter.woken_by(), 1);
}

TEST_F(WaitListTest, AListMayGoAfterFireAllThoughTheWokenHaveNotRun) {
  std::optional<Bell> gone(std::in_place);
  FnWaiter& runs = world_.Add();
  FnWaiter& withdrawn = world_.Add();
  loop_.Park(runs, *gone);
  loop_.Park(withdrawn, *gone);
  loop_.FireOne(*gone);
  loop_.FireAll(*gone);

  gone.reset();
  loop_.Withdraw(withdrawn);

  Trace();
  EXPECT_EQ(runs.runs(), 1);
  EXPECT_EQ(withdrawn.runs(), 0);
}

TEST_F(WaitListTest, AWaiterMayHaveMoreArmsThanSixteenBitsCount) {
  constexpr size_t kArms = 70000;
  std::vector<Arm> arms(kArms);
  for (Arm& arm : arms) arm.list = &bell_;
  Bell last;
  arms[kArms - 1].list = &last;
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, absl::MakeSpan(arms));

  loop_.FireOne(last);

  EXPECT_EQ(waiter.woken_by(), kArms - 1);
  Trace();
  EXPECT_FALSE(last.occupied());
}

TEST(WaitListDeathTest, MustNotGoWhileSomebodyWaits) {
  EXPECT_DEATH(
      {
        FakeWorld world;
        FnWaiter waiter(world.loop);
        Bell bell;
        world.loop.Park(waiter, bell);
      },
      "a wait list is destroyed while somebody waits");
}

}  // namespace
}  // namespace lev
