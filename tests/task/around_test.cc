// Tests lev/task/scope.cc and lev/task/task.cc: scopes around what their owner
// does.

#include "gtest/gtest.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"
#include "tests/support/task_world.h"
#include "tests/support/test_task.h"

namespace lev {
namespace {

using Policy = Scope::Policy;

using AroundTest = TaskWorld;

TEST_F(AroundTest, ItsCancellationIsPendingForTheOwnerUntilItCloses) {
  TestTask& owner = Child(root_);
  {
    Scope scope(owner, Policy::kCollect, true);
    EXPECT_FALSE(owner.cancel_pending());
    scope.Cancel(Because("why"));
    EXPECT_TRUE(owner.cancel_pending());
    EXPECT_FALSE(owner.cancelled());
    EXPECT_EQ(owner.cancel_reason()->text(), "why");
  }
  EXPECT_FALSE(owner.cancel_pending());
}

TEST_F(AroundTest, AnotherScopeDoesNotInterruptItsOwner) {
  TestTask& owner = Child(root_);
  Scope scope(owner, Policy::kCollect);
  scope.Cancel();
  EXPECT_FALSE(owner.cancel_pending());
}

TEST_F(AroundTest, ItCancelsTheScopesInside) {
  TestTask& owner = Child(root_);
  Scope outer(owner, Policy::kCollect, true);
  Scope inner(owner, Policy::kCollect);
  TestTask& child = Child(inner);
  outer.Cancel(Because("why"));
  EXPECT_TRUE(child.cancel_pending());
  EXPECT_EQ(child.cancel_reason()->text(), "why");
  child.Abort();
}

TEST_F(AroundTest, TheInnerOneLeavesTheOuterOneAlone) {
  TestTask& owner = Child(root_);
  Scope outer(owner, Policy::kCollect, true);
  {
    Scope inner(owner, Policy::kCollect, true);
    inner.Cancel();
    EXPECT_TRUE(owner.cancel_pending());
  }
  EXPECT_FALSE(outer.cancelled());
  EXPECT_FALSE(owner.cancel_pending());
}

TEST_F(AroundTest, AShieldInsideKeepsItBack) {
  TestTask& owner = Child(root_);
  Scope outer(owner, Policy::kCollect, true);
  owner.Shield();
  outer.Cancel();
  EXPECT_FALSE(owner.cancel_pending());
  {
    Scope inner(owner, Policy::kCollect, true);
    EXPECT_FALSE(inner.cancelled());
    inner.Cancel();
    EXPECT_TRUE(owner.cancel_pending());
  }
  EXPECT_FALSE(owner.cancel_pending());
  owner.Unshield();
  EXPECT_TRUE(owner.cancel_pending());
}

TEST_F(AroundTest, ItsTokenHasItsReasonAndThatOfItsOwner) {
  TestTask& owner = Child(root_);
  Scope outer(owner, Policy::kCollect, true);
  Scope inner(owner, Policy::kCollect, true);
  outer.Cancel(Because("why"));
  EXPECT_TRUE(inner.token().cancelled());
  EXPECT_EQ(inner.token().reason()->text(), "why");
}

}  // namespace
}  // namespace lev
