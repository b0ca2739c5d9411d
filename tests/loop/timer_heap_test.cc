#include "lev/loop/timer_heap.h"

#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Waiters are told apart by their number; the heap is not the loop's.
class TimerHeapTest : public ::testing::Test {
 protected:
  static constexpr int kWaiters = 300;

  TimerHeapTest() {
    for (int i = 0; i < kWaiters; ++i) world_.Add();
  }

  Waiter& waiter(int number) { return *world_.waiters[number]; }

  // The numbers of those that are due, in order.
  std::vector<int> PopDue(Instant now) {
    std::vector<int> numbers;
    while (const Waiter* const due = heap_.PopDue(now)) {
      int number = 0;
      while (&waiter(number) != due) ++number;
      numbers.push_back(number);
    }
    return numbers;
  }

  FakeWorld world_;
  TimerHeap heap_;
};

TEST_F(TimerHeapTest, AnEmptyHeapHasNothingDue) {
  EXPECT_TRUE(heap_.empty());
  EXPECT_EQ(heap_.next(), kNever);
  EXPECT_EQ(heap_.PopDue(kNever), nullptr);
}

TEST_F(TimerHeapTest, PopsByDeadline) {
  heap_.Add(waiter(0), 30);
  heap_.Add(waiter(1), 10);
  heap_.Add(waiter(2), 20);

  EXPECT_THAT(PopDue(100), ElementsAre(1, 2, 0));
  EXPECT_TRUE(heap_.empty());
}

TEST_F(TimerHeapTest, EqualDeadlinesPopInTheOrderOfAdding) {
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) {
    heap_.Add(waiter(99 - i), 10);
    expected.push_back(99 - i);
  }

  EXPECT_EQ(PopDue(10), expected);
}

TEST_F(TimerHeapTest, PopsWhatIsDueAndNoMore) {
  heap_.Add(waiter(0), 10);
  heap_.Add(waiter(1), 11);

  EXPECT_THAT(PopDue(9), IsEmpty());
  EXPECT_THAT(PopDue(10), ElementsAre(0));
  EXPECT_EQ(heap_.next(), 11);
}

TEST_F(TimerHeapTest, NextIsTheEarliestDeadline) {
  heap_.Add(waiter(0), 20);
  EXPECT_EQ(heap_.next(), 20);
  heap_.Add(waiter(1), 10);
  EXPECT_EQ(heap_.next(), 10);
  heap_.Remove(waiter(1));
  EXPECT_EQ(heap_.next(), 20);
}

TEST_F(TimerHeapTest, RemovesFromAnywhere) {
  constexpr int kSize = 40;
  for (int removed = 0; removed < kSize; ++removed) {
    std::vector<int> expected;
    for (int i = 0; i < kSize; ++i) {
      heap_.Add(waiter(i), i);
      if (i != removed) expected.push_back(i);
    }
    heap_.Remove(waiter(removed));

    EXPECT_EQ(PopDue(kSize), expected);
  }
}

TEST_F(TimerHeapTest, RemoveOfOneWithoutADeadlineDoesNothing) {
  heap_.Add(waiter(0), 10);
  heap_.Remove(waiter(1));
  heap_.Remove(waiter(0));
  heap_.Remove(waiter(0));

  EXPECT_TRUE(heap_.empty());
}

TEST_F(TimerHeapTest, KnowsTheDeadlineOfEach) {
  for (int i = 0; i < 50; ++i) heap_.Add(waiter(i), 1000 - i);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(heap_.deadline_of(waiter(i)), 1000 - i);
  }
  PopDue(1000);
}

TEST_F(TimerHeapTest, ThePastAndTheEndOfTimeAreDeadlinesToo) {
  heap_.Add(waiter(0), kNever - 1);
  heap_.Add(waiter(1), -5);

  EXPECT_THAT(PopDue(0), ElementsAre(1));
  EXPECT_THAT(PopDue(kNever - 1), ElementsAre(0));
}

// A second, obvious implementation: insertion keeps equal keys in order.
class Model {
 public:
  void Add(int number, Instant deadline) {
    places_[number] = timers_.emplace(deadline, number);
  }
  bool Has(int number) const { return places_.count(number) != 0; }
  void Remove(int number) {
    timers_.erase(places_.at(number));
    places_.erase(number);
  }
  std::vector<int> PopDue(Instant now) {
    std::vector<int> numbers;
    while (!timers_.empty() && timers_.begin()->first <= now) {
      numbers.push_back(timers_.begin()->second);
      Remove(numbers.back());
    }
    return numbers;
  }
  size_t size() const { return timers_.size(); }

 private:
  std::multimap<Instant, int> timers_;
  std::map<int, std::multimap<Instant, int>::iterator> places_;
};

TEST_F(TimerHeapTest, BehavesLikeTheModelOverRandomOperations) {
  std::mt19937 random(20240229);
  Model model;
  Instant now = 0;
  for (int step = 0; step < 10000; ++step) {
    const int number = static_cast<int>(random() % kWaiters);
    if (random() % 16 == 0) {
      now += random() % 8;
      ASSERT_EQ(PopDue(now), model.PopDue(now)) << "step " << step;
    } else if (model.Has(number)) {
      model.Remove(number);
      heap_.Remove(waiter(number));
    } else {
      const Instant deadline = now + random() % 64;
      model.Add(number, deadline);
      heap_.Add(waiter(number), deadline);
    }
    ASSERT_EQ(heap_.size(), model.size());
  }
  EXPECT_EQ(PopDue(kNever - 1), model.PopDue(kNever - 1));
}

}  // namespace
}  // namespace lev
