// The hard stage: what Abort and AbortAll do to whom, and in which order.

#include <memory>

#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"
#include "tests/support/task_world.h"
#include "tests/support/test_task.h"

namespace lev {
namespace {

using AbortTest = TaskWorld;
using Status = Task::Status;

TEST_F(AbortTest, OfAParkedTaskDestroysItWhereItStands) {
  TestTask& task = Child(root_);
  bool told = false;
  task.on_destroy = [&] {
    told = true;
    EXPECT_FALSE(task.ended());
    EXPECT_TRUE(bell_.empty());
  };

  task.Abort();

  EXPECT_TRUE(told);
  EXPECT_EQ(task.status(), Status::kAborted);
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(task.runs(), 1);
}

TEST_F(AbortTest, OfATaskThatNeverRanDestroysItToo) {
  TestTask task(root_, "");

  task.Abort();

  EXPECT_TRUE(task.destroyed());
  EXPECT_EQ(task.status(), Status::kAborted);
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(task.runs(), 0);
}

TEST_F(AbortTest, OfAWokenTaskHandsItsWakeOn) {
  TestTask& first = Child(root_);
  TestTask& second = Child(root_);
  loop_.FireOne(bell_);

  first.Abort();

  Settle();
  EXPECT_EQ(first.runs(), 1);
  EXPECT_EQ(second.runs(), 2);
}

TEST_F(AbortTest, OfTheRunningTaskWaitsForItsNextPoint) {
  TestTask& task = Start(root_, "", [&](TestTask& self) {
    self.Abort();
    EXPECT_FALSE(self.ended());
    EXPECT_TRUE(self.abort_requested());
    loop_.Park(self, bell_);
  });

  EXPECT_EQ(task.status(), Status::kAborted);
  EXPECT_TRUE(bell_.empty());
}

TEST_F(AbortTest, LosesToTheResultOfARunningTask) {
  TestTask& task = Start(root_, "", [](TestTask& self) {
    self.Abort();
    self.Finish(Status::kDone);
  });
  EXPECT_EQ(task.status(), Status::kDone);
}

TEST_F(AbortTest, OfAnEndedTaskChangesNothing) {
  TestTask task(root_, "");
  ASSERT_TRUE(loop_.Run().ok());

  task.Abort();

  EXPECT_EQ(task.status(), Status::kDone);
  EXPECT_FALSE(task.destroyed());
}

TEST_F(AbortTest, IgnoresShields) {
  TestTask& task = Child(root_);
  task.Shield();
  task.Abort();
  EXPECT_EQ(task.status(), Status::kAborted);
}

TEST_F(AbortTest, WithinAnAbortOfTheSameTaskChangesNothing) {
  TestTask& task = Child(root_);
  int destroyed = 0;
  task.on_destroy = [&] {
    ++destroyed;
    task.Abort();
    root_.AbortAll();
  };

  task.Abort();

  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(task.status(), Status::kAborted);
}

TEST_F(AbortTest, OfAllTakesTheYoungestFirst) {
  for (const char letter : {'a', 'b', 'c'}) {
    Child(root_).on_destroy = [this, letter] { trace_ += letter; };
  }

  root_.AbortAll();

  EXPECT_EQ(trace_, "cba");
  EXPECT_EQ(root_.live(), 0);
}

TEST_F(AbortTest, OfAllTakesThoseSpawnedMeanwhile) {
  Child(root_).on_destroy = [this] { trace_ += 'a'; };
  Child(root_).on_destroy = [this] {
    trace_ += 'b';
    tasks_.push_back(std::make_unique<TestTask>(root_, ""));
    last().on_destroy = [this] { trace_ += 'x'; };
  };

  root_.AbortAll();

  EXPECT_EQ(trace_, "bxa");
  EXPECT_EQ(root_.live(), 0);
}

TEST_F(AbortTest, OfAllLeavesTheRunningOneUntilItsNextPoint) {
  TestTask& parked = Child(root_);
  TestTask& running = Start(root_, "", [&](TestTask& self) {
    root_.AbortAll();
    EXPECT_TRUE(parked.ended());
    EXPECT_FALSE(self.ended());
    loop_.Park(self, bell_);
  });
  EXPECT_EQ(running.status(), Status::kAborted);
}

TEST_F(AbortTest, OfATaskAbortsItsScopesFromTheInside) {
  Scope& outer = Open(root_);
  TestTask& owner = last();
  owner.on_destroy = [this] { trace_ += 'o'; };
  Child(outer).on_destroy = [this] { trace_ += 'a'; };
  Child(OpenBy(owner)).on_destroy = [this] { trace_ += 'b'; };

  owner.Abort();

  EXPECT_EQ(trace_, "bao");
  EXPECT_EQ(outer.live(), 0);
}

TEST_F(AbortTest, OfAParentByItsChildSparesBothUntilTheChildsNextPoint) {
  Scope& scope = Open(root_);
  TestTask& owner = last();
  owner.on_destroy = [this] { trace_ += 'o'; };
  TestTask& child = Start(scope, "", [&](TestTask& self) {
    self.on_destroy = [this] { trace_ += 'c'; };
    owner.Abort();
    EXPECT_FALSE(owner.ended());
    EXPECT_FALSE(self.ended());
    loop_.Park(self, bell_);
  });
  EXPECT_EQ(child.status(), Status::kAborted);
  EXPECT_EQ(owner.status(), Status::kAborted);
  EXPECT_EQ(scope.live(), 0);
  EXPECT_EQ(trace_, "co");
}

}  // namespace
}  // namespace lev
