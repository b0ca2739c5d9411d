#include "lev/observe/deadlock_report.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"
#include "tests/support/test_task.h"

namespace lev {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class DeadlockReportTest : public ::testing::Test {
 protected:
  ~DeadlockReportTest() override { root_.AbortAll(); }

  // A task that waits at `list` for ever.
  TestTask& Blocked(Scope& scope, std::string name, WaitList& list) {
    tasks_.push_back(std::make_unique<TestTask>(
        scope, std::move(name),
        [this, &list](TestTask& self) { loop_.Park(self, list); }));
    EXPECT_FALSE(loop_.Run().ok());
    return *tasks_.back();
  }

  Bell bell_{"the bell"};
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
  Scope root_{loop_};
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::vector<std::unique_ptr<TestTask>> tasks_;
};

TEST_F(DeadlockReportTest, NamesTheTaskAndWhatItWaitsFor) {
  const TestTask& task = Blocked(root_, "worker", bell_);
  EXPECT_EQ(DescribeDeadlock(root_),
            "deadlock: " + task.Describe() + " waits for the bell");
}

TEST_F(DeadlockReportTest, NamesTheTasksInTheOrderOfJoining) {
  TestTask& first = Blocked(root_, "first", bell_);
  const TestTask& second = Blocked(root_, "second", first);
  EXPECT_EQ(DescribeDeadlock(root_),
            "deadlock: " + first.Describe() + " waits for the bell; " +
                second.Describe() + " waits for " + first.Describe());
}

TEST_F(DeadlockReportTest, NamesChildrenOfOpenScopesAfterTheirOwner) {
  TestTask& owner = Blocked(root_, "owner", bell_);
  scopes_.push_back(std::make_unique<Scope>(owner, Scope::Policy::kCollect));
  Blocked(root_, "last", bell_);
  Blocked(*scopes_[0], "child", bell_);

  const std::string report = DescribeDeadlock(root_);

  EXPECT_LT(report.find("\"owner\""), report.find("\"child\""));
  EXPECT_LT(report.find("\"child\""), report.find("\"last\""));
}

TEST_F(DeadlockReportTest, SaysThatSomebodyWaitsForNothing) {
  const TestTask& task = Blocked(root_, "", bell_);
  loop_.Withdraw(*tasks_[0]);
  loop_.Park(*tasks_[0], {});
  EXPECT_EQ(DescribeDeadlock(root_),
            "deadlock: " + task.Describe() + " waits for nothing");
}

TEST_F(DeadlockReportTest, ShowsTwentyAndCountsTheRest) {
  for (int i = 1; i <= 20; ++i) Blocked(root_, "", bell_);
  EXPECT_THAT(DescribeDeadlock(root_),
              EndsWith(tasks_.back()->Describe() + " waits for the bell"));

  TestTask& owner = Blocked(root_, "hidden", bell_);
  scopes_.push_back(std::make_unique<Scope>(owner, Scope::Policy::kCollect));
  Blocked(*scopes_[0], "hidden", bell_);

  const std::string report = DescribeDeadlock(root_);
  EXPECT_THAT(report, EndsWith("waits for the bell; and 2 more"));
  EXPECT_THAT(report, Not(HasSubstr("hidden")));
}

TEST_F(DeadlockReportTest, LooksAndNeverTouches) {
  const TestTask& task = Blocked(root_, "worker", bell_);
  DescribeDeadlock(root_);
  EXPECT_EQ(task.state(), Waiter::State::kParked);
  EXPECT_EQ(task.runs(), 1);
}

TEST_F(DeadlockReportTest, TasksMayBeNestedDeeply) {
  Scope* scope = &root_;
  for (int i = 0; i < 50000; ++i) {
    tasks_.push_back(std::make_unique<TestTask>(
        *scope, "nested", [this](TestTask& self) { loop_.Park(self, bell_); }));
    scopes_.push_back(
        std::make_unique<Scope>(*tasks_.back(), Scope::Policy::kCollect));
    scope = scopes_.back().get();
  }
  EXPECT_FALSE(loop_.Run().ok());
  EXPECT_THAT(DescribeDeadlock(root_), EndsWith("; and 49980 more"));
  for (auto task = tasks_.rbegin(); task != tasks_.rend(); ++task) {
    (*task)->Abort();
  }
}

}  // namespace
}  // namespace lev
