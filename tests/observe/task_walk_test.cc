#include "lev/observe/task_walk.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/task/scope.h"
#include "tests/support/fake_world.h"
#include "tests/support/test_task.h"

namespace lev {
namespace {

class TaskWalkTest : public ::testing::Test {
 protected:
  ~TaskWalkTest() override { root_.AbortAll(); }

  TestTask& Parked(Scope& scope, std::string name) {
    tasks_.push_back(std::make_unique<TestTask>(
        scope, std::move(name),
        [this](TestTask& self) { loop_.Park(self, {}); }));
    return *tasks_.back();
  }

  Scope& Open(TestTask& owner) {
    scopes_.push_back(std::make_unique<Scope>(owner, Scope::Policy::kCollect));
    return *scopes_.back();
  }

  std::string Names() {
    std::string names;
    ForEachTask(root_, [&](const Task& task) { names += task.name(); });
    return names;
  }

  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
  Scope root_{loop_};
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::vector<std::unique_ptr<TestTask>> tasks_;
};

TEST_F(TaskWalkTest, VisitsNobodyInAnEmptyScope) { EXPECT_EQ(Names(), ""); }

TEST_F(TaskWalkTest, VisitsInTheOrderOfJoining) {
  Parked(root_, "a");
  Parked(root_, "b");
  Parked(root_, "c");
  EXPECT_EQ(Names(), "abc");
}

TEST_F(TaskWalkTest, VisitsTheTasksInAScopeAfterItsOwner) {
  TestTask& owner = Parked(root_, "a");
  Scope& scope = Open(owner);
  Parked(root_, "d");
  Parked(scope, "b");
  Parked(scope, "c");
  EXPECT_EQ(Names(), "abcd");
}

TEST_F(TaskWalkTest, VisitsTheOutermostScopeFirst) {
  TestTask& owner = Parked(root_, "a");
  Scope& outer = Open(owner);
  Scope& inner = Open(owner);
  Parked(inner, "c");
  Parked(outer, "b");
  EXPECT_EQ(Names(), "abc");
}

TEST_F(TaskWalkTest, PassesOverTasksThatEnded) {
  Parked(root_, "a");
  Parked(root_, "b").Abort();
  EXPECT_EQ(Names(), "a");
}

TEST_F(TaskWalkTest, TasksMayBeNestedDeeply) {
  Scope* scope = &root_;
  for (int i = 0; i < 50000; ++i) scope = &Open(Parked(*scope, "x"));
  EXPECT_EQ(Names().size(), 50000u);
  for (auto task = tasks_.rbegin(); task != tasks_.rend(); ++task) {
    (*task)->Abort();
  }
}

}  // namespace
}  // namespace lev
