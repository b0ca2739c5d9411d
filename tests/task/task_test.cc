#include "lev/task/task.h"

#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/task/scope.h"
#include "tests/support/task_world.h"
#include "tests/support/test_task.h"

namespace lev {
namespace {

using Status = Task::Status;

class TaskTest : public TaskWorld {
 protected:
  // A task that was started and waits for `bell_`.
  TestTask* Parked(std::string name = "") {
    TestTask& task = Child(root_, std::move(name));
    EXPECT_EQ(task.state(), Waiter::State::kParked);
    return &task;
  }
};

TEST_F(TaskTest, RunsAndEnds) {
  TestTask task(root_, "worker");
  EXPECT_FALSE(task.ended());
  EXPECT_EQ(task.scope(), &root_);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(task.status(), Status::kDone);
  EXPECT_EQ(task.scope(), nullptr);
  EXPECT_FALSE(task.destroyed());
}

TEST_F(TaskTest, EndsWithWhatItSays) {
  TestTask task(root_, "",
                [](TestTask& self) { self.Finish(Status::kFailed); });
  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_EQ(task.status(), Status::kFailed);
}

TEST_F(TaskTest, DescribesItselfWithNumberAndName) {
  TestTask named(root_, "worker");
  TestTask nameless(root_, "");
  const std::string number = std::to_string(named.id());
  EXPECT_EQ(named.Describe(), "task #" + number + " \"worker\"");
  EXPECT_EQ(nameless.Describe(), "task #" + std::to_string(nameless.id()));
}

TEST_F(TaskTest, CancelWakesAParkedTask) {
  TestTask* const task = Parked();

  task->Cancel(nullptr);

  EXPECT_TRUE(bell_.empty());
  Settle();
  EXPECT_EQ(task->runs(), 2);
  EXPECT_EQ(task->wake(), Waiter::Wake::kScheduled);
  EXPECT_TRUE(task->cancel_pending());
}

TEST_F(TaskTest, CancelBeforeTheFirstRunIsSeenThere) {
  bool pending = false;
  TestTask task(root_, "", [&](TestTask& self) {
    pending = self.cancel_pending();
    self.Finish(Status::kCancelled);
  });

  task.Cancel(nullptr);

  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_TRUE(pending);
  EXPECT_EQ(task.runs(), 1);
}

TEST_F(TaskTest, CancellationIsALevel) {
  TestTask* const task = Parked();
  task->Cancel(nullptr);
  for (int i = 0; i < 3; ++i) {
    Settle();
    EXPECT_TRUE(task->cancel_pending());
    loop_.FireAll(bell_);
  }
}

TEST_F(TaskTest, ASecondCancelChangesNothing) {
  TestTask* const task = Parked();
  task->Cancel(Because("first"));
  Settle();

  task->Cancel(Because("second"));

  Settle();
  EXPECT_EQ(task->runs(), 2);
  EXPECT_EQ(task->cancel_reason()->text(), "first");
}

TEST_F(TaskTest, CancelOfAnEndedTaskChangesNothing) {
  TestTask task(root_, "");
  ASSERT_TRUE(loop_.Run().ok());

  task.Cancel(Because("late"));

  EXPECT_FALSE(task.cancelled());
  EXPECT_EQ(task.cancel_reason(), nullptr);
}

TEST_F(TaskTest, CancelOfTheRunningTaskIsSeenAtItsNextPoint) {
  TestTask task(root_, "", [](TestTask& self) {
    EXPECT_FALSE(self.cancel_pending());
    self.Cancel(nullptr);
    EXPECT_TRUE(self.cancel_pending());
    self.Finish(Status::kCancelled);
  });
  EXPECT_TRUE(loop_.Run().ok());
}

TEST_F(TaskTest, AShieldPostponesTheCancellation) {
  TestTask* const task = Parked();
  task->Shield();

  task->Cancel(nullptr);

  Settle();
  EXPECT_EQ(task->runs(), 1);
  EXPECT_TRUE(task->cancelled());
  EXPECT_FALSE(task->cancel_pending());

  task->Unshield();
  Settle();
  EXPECT_EQ(task->runs(), 2);
  EXPECT_TRUE(task->cancel_pending());
}

TEST_F(TaskTest, AShieldPostponesTheScopesCancellationToo) {
  TestTask* const task = Parked();
  task->Shield();
  root_.Cancel();
  Settle();
  EXPECT_EQ(task->runs(), 1);

  task->Unshield();

  Settle();
  EXPECT_EQ(task->runs(), 2);
}

TEST_F(TaskTest, ShieldsNest) {
  TestTask* const task = Parked();
  task->Shield();
  task->Shield();
  task->Cancel(nullptr);

  task->Unshield();
  Settle();
  EXPECT_FALSE(task->cancel_pending());
  EXPECT_EQ(task->runs(), 1);

  task->Unshield();
  EXPECT_TRUE(task->cancel_pending());
}

TEST_F(TaskTest, ShieldsNestMoreThanEightBitsCount) {
  TestTask* const task = Parked();
  for (int i = 0; i < 300; ++i) task->Shield();
  task->Cancel(nullptr);
  for (int i = 0; i < 299; ++i) task->Unshield();
  EXPECT_FALSE(task->cancel_pending());
  task->Unshield();
  EXPECT_TRUE(task->cancel_pending());
}

TEST_F(TaskTest, UnshieldOfATaskNobodyCancelledWakesNobody) {
  TestTask* const task = Parked();
  task->Shield();
  task->Unshield();
  Settle();
  EXPECT_EQ(task->runs(), 1);
}

TEST_F(TaskTest, JoinersWakeInTheOrderOfParking) {
  TestTask* const task = Parked();
  for (const char letter : {'a', 'b', 'c'}) {
    loop_.Park(world_.Add([this, letter] { trace_ += letter; }), *task);
  }

  task->Abort();

  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_EQ(trace_, "abc");
}

TEST_F(TaskTest, EndedIsTheLastThatHappens) {
  TestTask task(root_, "");
  FnWaiter& joiner = world_.Add();
  loop_.Park(joiner, task);
  bool told = false;
  task.on_ended = [&] {
    told = true;
    EXPECT_EQ(task.status(), Status::kDone);
    EXPECT_EQ(task.scope(), nullptr);
    EXPECT_EQ(root_.live(), 0);
    EXPECT_EQ(root_.first_ended(), &task);
    EXPECT_EQ(joiner.state(), Waiter::State::kReady);
  };

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_TRUE(told);
}

TEST_F(TaskTest, MayBeDestroyedByEnded) {
  std::optional<TestTask> finishes(std::in_place, root_, "");
  std::optional<TestTask> aborted(std::in_place, root_, "");
  finishes->on_ended = [&] { finishes.reset(); };
  aborted->on_ended = [&] { aborted.reset(); };

  aborted->Abort();
  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_FALSE(aborted.has_value());
  EXPECT_FALSE(finishes.has_value());
}

TEST_F(TaskTest, AReasonIsFoundInItsScope) {
  TestTask* const task = Parked();
  root_.Cancel(Because("closing time"));
  EXPECT_EQ(task->cancel_reason()->text(), "closing time");
}

TEST_F(TaskTest, ItsOwnReasonComesBeforeItsScopes) {
  TestTask* const task = Parked();
  task->Cancel(Because("mine"));
  root_.Cancel(Because("ours"));
  EXPECT_EQ(task->cancel_reason()->text(), "mine");
}

TEST_F(TaskTest, NoReasonIsNoReason) {
  TestTask* const task = Parked();
  task->Cancel(nullptr);
  EXPECT_EQ(task->cancel_reason(), nullptr);
}

TEST_F(TaskTest, AReasonIsFoundThroughTheOwnersOfScopes) {
  std::optional<Scope> outer;
  std::optional<Scope> inner;
  TestTask parent(root_, "parent", [&](TestTask& self) {
    if (!outer) outer.emplace(self, Scope::Policy::kCollect);
    loop_.Park(self, {});
  });
  Settle();
  TestTask child(*outer, "child", [&](TestTask& self) {
    if (!inner) inner.emplace(self, Scope::Policy::kCollect);
    loop_.Park(self, {});
  });
  Settle();
  TestTask& grandchild = Child(*inner, "grandchild");

  parent.Cancel(Because("from above"));

  EXPECT_TRUE(grandchild.cancel_pending());
  EXPECT_EQ(grandchild.cancel_reason()->text(), "from above");
  EXPECT_EQ(child.cancel_reason()->text(), "from above");
  parent.Abort();
}

TEST_F(TaskTest, ABlockedTaskSaysForWhom) {
  TestTask* const task = Parked("worker");
  FnWaiter& joiner = world_.Add();
  loop_.Park(joiner, *task);
  EXPECT_EQ(joiner.DescribeWait(), task->Describe());
}

using TaskDeathTest = TaskTest;

TEST_F(TaskDeathTest, CannotEndTwice) {
  TestTask task(root_, "");
  Settle();
  EXPECT_DEATH(task.Finish(), "a task ended twice");
}

TEST_F(TaskDeathTest, MustEndBeforeItIsDestroyed) {
  EXPECT_DEATH(
      {
        TestTask task(root_, "");
        loop_.Withdraw(task);
      },
      "a task is destroyed before it ended");
}

TEST_F(TaskDeathTest, UnshieldNeedsAShield) {
  TestTask* const task = Parked();
  EXPECT_DEATH(task->Unshield(), "Unshield without Shield");
}

}  // namespace
}  // namespace lev
