#include "lev/loop/chance.h"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "tests/support/explore.h"
#include "tests/support/explorer.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

using ::testing::ElementsAre;

// Always the same answer, and what it was asked.
class Stubborn final : public Chance {
 public:
  size_t Choose(size_t options) override {
    asked.push_back(options);
    return 0;
  }
  std::vector<size_t> asked;
};

TEST(ChanceTest, TheFirstOptionIsThePlainOrder) {
  Stubborn chance;
  std::vector<int> items = {1, 2, 3};
  chance.Permute(items);
  EXPECT_THAT(items, ElementsAre(1, 2, 3));
  EXPECT_THAT(chance.asked, ElementsAre(3, 2));
}

TEST(ChanceTest, AnExplorerReachesEachOrderOnce) {
  std::multiset<std::string> orders;
  const size_t courses = Explore([&orders](Explorer& chance) {
    std::vector<char> items = {'a', 'b', 'c', 'd'};
    chance.Permute(items);
    orders.insert(std::string(items.begin(), items.end()));
  });
  EXPECT_EQ(courses, 24);
  EXPECT_EQ(std::set(orders.begin(), orders.end()).size(), 24);
}

TEST(ChanceTest, AnExplorerTakesTheLaterChoicesOfEachEarlierOne) {
  std::vector<std::string> courses;
  Explore([&courses](Explorer& chance) {
    std::string course = chance.Choose(2) == 0 ? "a" : "b";
    if (course == "b") course += chance.Choose(2) == 0 ? "a" : "b";
    courses.push_back(course);
  });
  EXPECT_THAT(courses, ElementsAre("a", "ba", "bb"));
}

TEST(ChanceTest, TheLoopAsksInWhichOrderTheReadyRun) {
  std::set<std::string> orders;
  Explore([&orders](Explorer& chance) {
    FakeWorld world(chance);
    std::string trace;
    for (const char letter : {'a', 'b', 'c'}) {
      world.loop.Schedule(world.Add([&trace, letter] { trace += letter; }));
    }
    ASSERT_TRUE(world.loop.Run().ok());
    orders.insert(trace);
  });
  EXPECT_EQ(orders.size(), 6);
}

TEST(ChanceTest, TheLoopAsksInWhichOrderTimersOfOneDeadlineRun) {
  std::set<std::string> orders;
  Explore([&orders](Explorer& chance) {
    FakeWorld world(chance);
    std::string trace;
    for (const char letter : {'a', 'b', 'c'}) {
      world.loop.Park(world.Add([&trace, letter] { trace += letter; }), {}, 5);
    }
    ASSERT_TRUE(world.loop.Run().ok());
    orders.insert(trace);
  });
  EXPECT_EQ(orders.size(), 6);
}

TEST(ChanceTest, TheLoopAsksForTheEventsOfOnePoll) {
  Stubborn chance;
  FakeWorld world(chance);
  FdWatch watches[3];
  for (FdWatch& watch : watches) {
    const int fd = world.fake.Open();
    watch.Open(world.loop, fd);
    ASSERT_TRUE(watch.Register().ok());
  }
  FnWaiter& reader = world.Add();
  world.loop.Park(reader, watches[0].writers());

  ASSERT_TRUE(world.loop.Run().ok());

  EXPECT_THAT(chance.asked, ElementsAre(3, 2)) << "one was ready";
}

TEST(ChanceTest, FairPicksAreSpreadEvenly) {
  // Also for whoever picks every second time, every third, ...
  for (int stride = 1; stride <= 12; ++stride) {
    FakeWorld world;
    int counts[3] = {};
    for (int i = 0; i < 300 * stride; ++i) {
      const size_t pick = world.loop.Pick(3);
      if (i % stride == 0) ++counts[pick];
    }
    EXPECT_THAT(counts, testing::Each(
                            testing::AllOf(testing::Ge(90), testing::Le(110))))
        << stride;
  }
}

TEST(ChanceTest, TheLoopAsksForAFairPick) {
  std::set<size_t> picks;
  Explore([&picks](Explorer& chance) {
    FakeWorld world(chance);
    picks.insert(world.loop.Pick(3));
  });
  EXPECT_THAT(picks, ElementsAre(0, 1, 2));
}

TEST(ChanceTest, ThereIsNothingToAskOfOneOrOfNone) {
  Stubborn chance;
  FakeWorld world(chance);
  EXPECT_EQ(world.loop.Pick(1), 0);
  EXPECT_EQ(world.loop.Pick(0), 0);
  EXPECT_THAT(chance.asked, ElementsAre());
}

TEST(ChanceTest, TheLoopDoesNotAskWhereThereIsOneOrder) {
  Stubborn chance;
  FakeWorld world(chance);
  for (const Instant time : {1, 2, 3}) {
    world.loop.Park(world.Add(), {}, time);
  }
  ASSERT_TRUE(world.loop.Run().ok());
  EXPECT_THAT(chance.asked, ElementsAre());
}

}  // namespace
}  // namespace lev
