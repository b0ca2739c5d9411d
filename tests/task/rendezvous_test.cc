#include "lev/task/rendezvous.h"

#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace lev {
namespace {

// Steps need no loop: what is granted is a state of the turn.
class RendezvousTest : public ::testing::Test {
 protected:
  Event event_;
  Condition condition_;
  WaitGroup group_;
  Barrier of_two_{2};
  Barrier of_three_{3};
  Turn first_{"something"};
  Turn second_{"something"};
  Turn third_{"something"};
};

TEST_F(RendezvousTest, ASetEventLetsAllGoOn) {
  ASSERT_TRUE(event_.Wait(first_).blocked());
  ASSERT_TRUE(event_.Wait(second_).blocked());
  event_.Set();
  EXPECT_TRUE(event_.Wait(first_).done());
  EXPECT_TRUE(event_.Wait(second_).done());
  EXPECT_TRUE(event_.Wait(third_).done());
}

TEST_F(RendezvousTest, AnEventThatIsClearedAtOnceWasSetAllTheSame) {
  ASSERT_TRUE(event_.Wait(first_).blocked());
  event_.Set();
  event_.Clear();
  EXPECT_TRUE(event_.Wait(first_).done());
  EXPECT_TRUE(event_.Wait(second_).blocked());
}

TEST_F(RendezvousTest, AConditionWakesInTheOrderOfComing) {
  ASSERT_TRUE(condition_.Wait(first_).blocked());
  ASSERT_TRUE(condition_.Wait(second_).blocked());
  EXPECT_EQ(condition_.Notify(1), 1);
  EXPECT_TRUE(condition_.Wait(first_).done());
  EXPECT_TRUE(condition_.Wait(second_).blocked());
  EXPECT_EQ(condition_.Notify(5), 1);
}

TEST_F(RendezvousTest, ANoticeToTheDeadGoesToTheNext) {
  ASSERT_TRUE(condition_.Wait(first_).blocked());
  ASSERT_TRUE(condition_.Wait(second_).blocked());
  condition_.Notify(1);
  first_.Withdraw();
  EXPECT_TRUE(condition_.Wait(second_).done());
}

TEST_F(RendezvousTest, AWaitGroupWaitsUntilNoneIsLeft) {
  EXPECT_TRUE(group_.Wait(first_).done());
  group_.Add(2);
  ASSERT_TRUE(group_.Wait(first_).blocked());
  group_.Done();
  EXPECT_TRUE(group_.Wait(first_).blocked());
  group_.Done();
  group_.Add(1);
  EXPECT_TRUE(group_.Wait(first_).done());
  EXPECT_TRUE(group_.Wait(second_).blocked());
}

TEST_F(RendezvousTest, AWaitGroupIsNeverNegative) {
  EXPECT_FALSE(group_.Done());
  EXPECT_TRUE(group_.Add(std::numeric_limits<int64_t>::max()));
  EXPECT_FALSE(group_.Add(1));
  EXPECT_FALSE(group_.Add(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(group_.count(), std::numeric_limits<int64_t>::max());
}

TEST_F(RendezvousTest, ABarrierOpensForTheLast) {
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(of_three_.Wait(first_).blocked());
    ASSERT_TRUE(of_three_.Wait(second_).blocked());
    EXPECT_TRUE(of_three_.Wait(third_).done());
    EXPECT_TRUE(of_three_.Wait(second_).done());
    EXPECT_TRUE(of_three_.Wait(first_).done());
    EXPECT_EQ(first_.amount, 1);
    EXPECT_EQ(second_.amount, 2);
    EXPECT_EQ(third_.amount, 3);
  }
}

TEST_F(RendezvousTest, OneWhoLeavesABarrierDoesNotCount) {
  ASSERT_TRUE(of_two_.Wait(first_).blocked());
  first_.Withdraw();
  EXPECT_TRUE(of_two_.Wait(second_).blocked());
  EXPECT_TRUE(of_two_.Wait(third_).done());
}

}  // namespace
}  // namespace lev
