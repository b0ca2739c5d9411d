#include "lev/task/scope.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/task/task.h"
#include "tests/support/task_world.h"
#include "tests/support/test_task.h"

namespace lev {
namespace {

using ::testing::ElementsAre;
using Policy = Scope::Policy;
using Status = Task::Status;

using ScopeTest = TaskWorld;

TEST_F(ScopeTest, CountsItsLiveChildren) {
  EXPECT_EQ(root_.live(), 0);
  TestTask& first = Child(root_);
  Child(root_);
  EXPECT_EQ(root_.live(), 2);
  first.Abort();
  EXPECT_EQ(root_.live(), 1);
}

TEST_F(ScopeTest, VisitsChildrenInTheOrderOfJoining) {
  for (const char* name : {"a", "b", "c"}) Child(root_, name);
  tasks_[1]->Abort();
  root_.ForEachChild([&](Task& child) { trace_ += child.name(); });
  EXPECT_EQ(trace_, "ac");
}

TEST_F(ScopeTest, AVisitorMayEndTheChildItSees) {
  for (int i = 0; i < 3; ++i) Child(root_);
  root_.ForEachChild([](Task& child) { child.Abort(); });
  EXPECT_EQ(root_.live(), 0);
}

TEST_F(ScopeTest, CancelWakesAllChildren) {
  TestTask& first = Child(root_);
  TestTask& second = Child(root_);

  root_.Cancel();

  Settle();
  EXPECT_TRUE(first.cancel_pending());
  EXPECT_TRUE(second.cancel_pending());
  EXPECT_EQ(first.runs() + second.runs(), 4);
}

TEST_F(ScopeTest, CancelIsForThoseYetToCome) {
  root_.Cancel(Because("closed"));
  TestTask& child = Child(root_);
  EXPECT_TRUE(child.cancel_pending());
  EXPECT_EQ(child.cancel_reason()->text(), "closed");
}

TEST_F(ScopeTest, ASecondCancelChangesNothing) {
  root_.Cancel(Because("first"));
  TestTask& child = Child(root_);

  root_.Cancel(Because("second"));

  Settle();
  EXPECT_EQ(child.runs(), 1);
  EXPECT_EQ(root_.reason()->text(), "first");
}

TEST_F(ScopeTest, CancelSpreadsIntoNestedScopes) {
  Scope& middle = Open(root_);
  Scope& inner = Open(middle);
  TestTask& leaf = Child(inner);

  root_.Cancel(Because("from above"));

  EXPECT_TRUE(middle.cancelled());
  EXPECT_TRUE(inner.cancelled());
  EXPECT_TRUE(leaf.cancel_pending());
  EXPECT_EQ(leaf.cancel_reason()->text(), "from above");
  EXPECT_EQ(inner.reason()->text(), "from above");
}

TEST_F(ScopeTest, CancelDoesNotSpreadUpwards) {
  TestTask& aunt = Child(root_);
  Scope& inner = Open(root_);
  TestTask& owner = last();
  TestTask& child = Child(inner);

  inner.Cancel();

  EXPECT_TRUE(child.cancelled());
  EXPECT_FALSE(owner.cancelled());
  EXPECT_FALSE(aunt.cancelled());
  EXPECT_FALSE(root_.cancelled());
}

TEST_F(ScopeTest, CancelOfATaskSpreadsIntoAllItsOpenScopes) {
  Scope& outer = Open(root_);
  TestTask& owner = last();
  Scope& inner = OpenBy(owner);
  TestTask& child_of_outer = Child(outer);
  TestTask& child_of_inner = Child(inner);

  owner.Cancel(nullptr);

  EXPECT_TRUE(child_of_outer.cancelled());
  EXPECT_TRUE(child_of_inner.cancelled());
}

TEST_F(ScopeTest, AScopeOpenedByACancelledTaskIsBornCancelled) {
  TestTask& owner = Child(root_);
  owner.Cancel(Because("enough"));
  Scope& scope = OpenBy(owner);
  EXPECT_TRUE(scope.cancelled());
  EXPECT_TRUE(scope.token().cancelled());
  EXPECT_TRUE(Child(scope).cancelled());
}

TEST_F(ScopeTest, AScopeOpenedUnderAShieldIsCancelledWhenTheShieldGoes) {
  TestTask& owner = Child(root_);
  owner.Shield();
  owner.Cancel(nullptr);
  Scope& scope = OpenBy(owner);
  TestTask& child = Child(scope);
  EXPECT_FALSE(scope.cancelled());

  owner.Unshield();

  EXPECT_TRUE(scope.cancelled());
  EXPECT_TRUE(child.cancel_pending());
}

TEST_F(ScopeTest, TheTokenIsCancelledWithTheScope) {
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, root_.token());
  EXPECT_FALSE(root_.token().cancelled());

  root_.Cancel();

  EXPECT_TRUE(root_.token().cancelled());
  Settle();
  EXPECT_EQ(waiter.runs(), 1);
}

TEST_F(ScopeTest, TheTokenAloneCancelsNothing) {
  TestTask& child = Child(root_);
  root_.token().Cancel();
  EXPECT_FALSE(root_.cancelled());
  EXPECT_FALSE(child.cancelled());
}

TEST_F(ScopeTest, EveryEndOfAChildWakesTheOneWhoWaits) {
  TestTask& first = Child(root_);
  TestTask& second = Child(root_);
  FnWaiter& owner = world_.Add();
  owner.set_body([&] {
    if (root_.live() > 0) loop_.Park(owner, root_);
  });
  loop_.Park(owner, root_);

  first.Abort();
  Settle();
  EXPECT_EQ(owner.runs(), 1);
  second.Abort();
  Settle();
  EXPECT_EQ(owner.runs(), 2);
}

TEST_F(ScopeTest, RemembersTheFirstThatEndedAndTheFirstThatFailed) {
  Scope& scope = Open(root_);
  EXPECT_EQ(scope.first_ended(), nullptr);
  std::vector<TestTask*> children;
  for (int i = 0; i < 4; ++i) children.push_back(&Child(scope));
  const auto end = [&](int index, Status status) {
    loop_.Withdraw(*children[index]);
    children[index]->Finish(status);
  };

  end(2, Status::kDone);
  EXPECT_EQ(scope.first_failed(), nullptr);
  end(1, Status::kFailed);
  end(0, Status::kFailed);
  end(3, Status::kDone);

  EXPECT_EQ(scope.first_ended(), children[2]);
  EXPECT_EQ(scope.first_failed(), children[1]);
}

class PolicyTest : public ScopeTest {
 protected:
  // Whether the end of a child as `status` cancels its sibling.
  bool Cancels(Policy policy, Status status) {
    Scope& scope = Open(root_, policy);
    TestTask& child = Child(scope);
    TestTask& sibling = Child(scope);
    loop_.Withdraw(child);
    child.Finish(status);
    EXPECT_EQ(sibling.cancelled(), scope.cancelled());
    return scope.cancelled();
  }
};

TEST_F(PolicyTest, CollectCancelsNothing) {
  EXPECT_FALSE(Cancels(Policy::kCollect, Status::kDone));
  EXPECT_FALSE(Cancels(Policy::kCollect, Status::kFailed));
}

TEST_F(PolicyTest, CancelOnErrorCancelsOnlyOnErrors) {
  EXPECT_FALSE(Cancels(Policy::kCancelOnError, Status::kDone));
  EXPECT_FALSE(Cancels(Policy::kCancelOnError, Status::kCancelled));
  EXPECT_FALSE(Cancels(Policy::kCancelOnError, Status::kAborted));
  EXPECT_TRUE(Cancels(Policy::kCancelOnError, Status::kFailed));
}

TEST_F(PolicyTest, CancelOnEndCancelsOnAnyEnd) {
  for (const Status status :
       {Status::kDone, Status::kFailed, Status::kCancelled, Status::kAborted}) {
    EXPECT_TRUE(Cancels(Policy::kCancelOnEnd, status));
  }
}

TEST_F(PolicyTest, APolicyDoesNotReachTheOwner) {
  Cancels(Policy::kCancelOnError, Status::kFailed);
  EXPECT_FALSE(tasks_[0]->cancelled());
  EXPECT_FALSE(tasks_[0]->ended());
}

TEST_F(ScopeTest, TheEndOfAGuestDecidesNothing) {
  Scope& scope = Open(root_, Policy::kCancelOnEnd);
  TestTask& child = Child(scope);
  scope.AdmitGuests();
  TestTask& guest = Child(scope);

  loop_.Withdraw(guest);
  guest.Finish(Status::kFailed);

  EXPECT_FALSE(scope.cancelled());
  EXPECT_EQ(scope.first_ended(), nullptr);
  EXPECT_EQ(scope.first_failed(), nullptr);
  EXPECT_FALSE(child.cancelled());
}

TEST_F(ScopeTest, TheEndOfAGuestThatWasEnlistedCounts) {
  Scope& scope = Open(root_, Policy::kCancelOnEnd);
  scope.AdmitGuests();
  TestTask& child = Child(scope);
  scope.Enlist(child);

  loop_.Withdraw(child);
  child.Finish();

  EXPECT_EQ(scope.first_ended(), &child);
}

TEST_F(ScopeTest, AGuestIsOwnedLikeAnyChild) {
  Scope& scope = Open(root_, Policy::kCancelOnEnd);
  TestTask& child = Child(scope);
  scope.AdmitGuests();
  TestTask& guest = Child(scope);
  EXPECT_EQ(scope.live(), 2);

  loop_.Withdraw(child);
  child.Finish();

  EXPECT_EQ(scope.first_ended(), &child);
  EXPECT_TRUE(guest.cancelled());
  EXPECT_EQ(scope.live(), 1);
}

TEST_F(ScopeTest, SpawnsGoToTheInnermostOpenScope) {
  TestTask& task = Child(root_);
  EXPECT_EQ(&task.current_scope(), &root_);
  Scope& outer = OpenBy(task);
  Scope& inner = OpenBy(task);
  EXPECT_EQ(&task.current_scope(), &inner);
  inner.Close();
  EXPECT_EQ(&task.current_scope(), &outer);
  outer.Close();
  EXPECT_EQ(&task.current_scope(), &root_);
}

TEST_F(ScopeTest, OpenScopesAreVisitedFromTheInside) {
  TestTask& task = Child(root_);
  Scope& outer = OpenBy(task);
  Scope& inner = OpenBy(task);
  std::vector<Scope*> seen;
  task.ForEachOpenScope([&](Scope& scope) { seen.push_back(&scope); });
  EXPECT_THAT(seen, ElementsAre(&inner, &outer));
}

TEST_F(ScopeTest, AnOuterScopeMayCloseFirst) {
  TestTask& task = Child(root_);
  Scope& outer = OpenBy(task);
  Scope& inner = OpenBy(task);

  outer.Close();
  outer.Close();

  EXPECT_EQ(&task.current_scope(), &inner);
  task.Cancel(nullptr);
  EXPECT_TRUE(inner.cancelled());
  EXPECT_FALSE(outer.cancelled());
}

TEST_F(ScopeTest, AClosedScopeIsNotCancelledWithItsOwner) {
  Scope& scope = Open(root_);
  TestTask& owner = last();
  TestTask& child = Child(scope);

  scope.Close();
  owner.Cancel(nullptr);

  EXPECT_FALSE(child.cancelled());
  scope.Cancel();
  EXPECT_TRUE(child.cancelled());
}

TEST_F(ScopeTest, TheEndOfItsOwnerClosesIt) {
  Scope& scope = Open(root_);
  TestTask& owner = last();
  loop_.Withdraw(owner);
  owner.Finish();

  EXPECT_EQ(scope.reason(), nullptr);
  TestTask& child = Child(scope);
  EXPECT_FALSE(child.cancelled());
  child.Abort();
}

TEST_F(ScopeTest, DestructionCloses) {
  TestTask& task = Child(root_);
  { const Scope scope(task, Policy::kCollect); }
  EXPECT_EQ(&task.current_scope(), &root_);
}

TEST_F(ScopeTest, SaysForHowManyItWaits) {
  Child(root_);
  EXPECT_EQ(root_.Describe(), "its 1 child");
  Child(root_);
  EXPECT_EQ(root_.Describe(), "its 2 children");
}

TEST_F(ScopeTest, TheDeathOfAScopeWithChildrenIsLoud) {
  EXPECT_DEATH(
      {
        auto scope = std::make_unique<Scope>(loop_);
        Child(*scope);
        scope.reset();
      },
      "a scope is destroyed before its tasks ended");
}

}  // namespace
}  // namespace lev
