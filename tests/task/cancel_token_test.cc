#include "lev/task/cancel_token.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/task/cancel_reason.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

std::unique_ptr<CancelReason> Because(std::string text) {
  return std::make_unique<CancelReason>(std::move(text));
}

TEST(CancelTokenTest, IsNotCancelledAtFirst) {
  const CancelToken token;
  EXPECT_FALSE(token.cancelled());
  EXPECT_EQ(token.origin(), nullptr);
  EXPECT_EQ(token.reason(), nullptr);
}

TEST(CancelTokenTest, CancelSetsItForEver) {
  CancelToken token;
  EXPECT_TRUE(token.Cancel());
  EXPECT_TRUE(token.cancelled());
  EXPECT_EQ(token.origin(), &token);
  EXPECT_EQ(token.reason(), nullptr);
}

TEST(CancelTokenTest, CarriesTheReason) {
  CancelToken token;
  token.Cancel(Because("enough"));
  ASSERT_NE(token.reason(), nullptr);
  EXPECT_EQ(token.reason()->text(), "enough");
}

TEST(CancelTokenTest, ASecondCancelChangesNothing) {
  CancelToken token;
  token.Cancel(Because("first"));
  EXPECT_FALSE(token.Cancel(Because("second")));
  EXPECT_EQ(token.reason()->text(), "first");
}

TEST(CancelTokenTest, ASecondCancelGivesNoReasonAfterwards) {
  CancelToken token;
  token.Cancel();
  EXPECT_FALSE(token.Cancel(Because("late")));
  EXPECT_EQ(token.reason(), nullptr);
}

TEST(CancelTokenTest, CancelsAllDescendantsWithOneReason) {
  CancelToken root;
  CancelToken child(&root);
  CancelToken sibling(&root);
  CancelToken grandchild(&child);

  root.Cancel(Because("enough"));

  for (const CancelToken* token : {&child, &sibling, &grandchild}) {
    EXPECT_TRUE(token->cancelled());
    EXPECT_EQ(token->origin(), &root);
    EXPECT_EQ(token->reason()->text(), "enough");
  }
}

TEST(CancelTokenTest, CancelsNeitherParentNorSiblings) {
  CancelToken root;
  CancelToken child(&root);
  CancelToken sibling(&root);

  child.Cancel();

  EXPECT_FALSE(root.cancelled());
  EXPECT_FALSE(sibling.cancelled());
}

TEST(CancelTokenTest, AChildCancelledBeforeKeepsItsOwnReason) {
  CancelToken root;
  CancelToken child(&root);
  CancelToken grandchild(&child);
  child.Cancel(Because("mine"));

  root.Cancel(Because("yours"));

  EXPECT_EQ(child.reason()->text(), "mine");
  EXPECT_EQ(grandchild.reason()->text(), "mine");
  EXPECT_EQ(grandchild.origin(), &child);
}

TEST(CancelTokenTest, AChildOfACancelledParentIsBornCancelled) {
  CancelToken root;
  root.Cancel(Because("enough"));

  CancelToken child(&root);
  const CancelToken grandchild(&child);

  EXPECT_TRUE(grandchild.cancelled());
  EXPECT_EQ(grandchild.origin(), &root);
  EXPECT_EQ(grandchild.reason()->text(), "enough");
  EXPECT_FALSE(child.Cancel());
}

TEST(CancelTokenTest, AChildThatOutlivesItsParentGoesOnAlone) {
  std::optional<CancelToken> parent(std::in_place);
  CancelToken child(&*parent);
  CancelToken grandchild(&child);

  parent.reset();
  EXPECT_FALSE(child.cancelled());

  EXPECT_TRUE(child.Cancel(Because("alone")));
  EXPECT_EQ(grandchild.reason()->text(), "alone");
}

TEST(CancelTokenTest, AParentMayOutliveItsChildren) {
  CancelToken parent;
  { const CancelToken child(&parent); }
  EXPECT_TRUE(parent.Cancel());
}

TEST(CancelTokenTest, ACancelledChildOutlivesTheReasonOfItsParent) {
  std::optional<CancelToken> parent(std::in_place);
  const CancelToken child(&*parent);
  parent->Cancel(Because("enough"));

  parent.reset();

  EXPECT_TRUE(child.cancelled());
  EXPECT_EQ(child.origin(), &child);
  EXPECT_EQ(child.reason(), nullptr);
}

TEST(CancelTokenTest, AChildsOwnReasonOutlivesItsParent) {
  std::optional<CancelToken> parent(std::in_place);
  CancelToken child(&*parent);
  const CancelToken grandchild(&child);
  child.Cancel(Because("mine"));
  parent->Cancel();

  parent.reset();

  EXPECT_EQ(child.reason()->text(), "mine");
  EXPECT_EQ(grandchild.origin(), &child);
}

TEST(CancelTokenTest, AGrandchildOutlivesTheOriginToo) {
  std::optional<CancelToken> root(std::in_place);
  CancelToken child(&*root);
  CancelToken grandchild(&child);
  const CancelToken last(&grandchild);
  root->Cancel(Because("enough"));

  root.reset();

  EXPECT_TRUE(last.cancelled());
  EXPECT_EQ(last.origin(), &child);
  EXPECT_EQ(last.reason(), nullptr);
}

TEST(CancelTokenTest, AnOriginMayGoAfterTheTokenBetween) {
  std::optional<CancelToken> root(std::in_place);
  std::optional<CancelToken> middle(std::in_place, &*root);
  const CancelToken leaf(&*middle);
  root->Cancel(Because("enough"));

  middle.reset();
  root.reset();

  EXPECT_TRUE(leaf.cancelled());
  EXPECT_EQ(leaf.reason(), nullptr);
}

TEST(CancelTokenTest, ADescendantsOwnOriginStaysWhenTheRootGoes) {
  std::optional<CancelToken> root(std::in_place);
  CancelToken child(&*root);
  CancelToken grandchild(&child);
  grandchild.Cancel(Because("mine"));
  root->Cancel(Because("yours"));

  root.reset();

  EXPECT_EQ(grandchild.origin(), &grandchild);
  EXPECT_EQ(grandchild.reason()->text(), "mine");
}

TEST(CancelTokenTest, ATreeMayBeAsDeepAsMemoryAllows) {
  constexpr int kDepth = 500000;
  std::vector<std::unique_ptr<CancelToken>> line;
  line.push_back(std::make_unique<CancelToken>());
  for (int i = 1; i < kDepth; ++i) {
    line.push_back(std::make_unique<CancelToken>(line.back().get()));
  }

  line.front()->Cancel(Because("enough"));
  EXPECT_EQ(line.back()->reason()->text(), "enough");

  line.front().reset();
  EXPECT_EQ(line.back()->origin(), line[1].get());
}

class CancelTokenWaitTest : public ::testing::Test {
 protected:
  FnWaiter& ParkLetter(CancelToken& token, char letter) {
    FnWaiter& waiter = world_.Add([this, letter] { trace_ += letter; });
    world_.loop.Park(waiter, token);
    return waiter;
  }

  std::string trace_;
  FakeWorld world_;
};

TEST_F(CancelTokenWaitTest, CancelWakesAllWhoWaitInTheLine) {
  CancelToken root;
  CancelToken child(&root);
  CancelToken other;
  ParkLetter(child, 'c');
  ParkLetter(root, 'a');
  ParkLetter(root, 'b');
  FnWaiter& waits_on = ParkLetter(other, 'x');

  root.Cancel();

  world_.loop.Run().IgnoreError();
  EXPECT_EQ(trace_, "abc");
  world_.loop.Withdraw(waits_on);
}

TEST_F(CancelTokenWaitTest, AWokenWaiterFindsTheTokenCancelled) {
  CancelToken token;
  bool cancelled = false;
  FnWaiter& waiter = world_.Add([&] { cancelled = token.cancelled(); });
  world_.loop.Park(waiter, token);

  token.Cancel();

  EXPECT_TRUE(world_.loop.Run().ok());
  EXPECT_TRUE(cancelled);
}

TEST_F(CancelTokenWaitTest, DestructionWakesThoseWhoWait) {
  std::optional<CancelToken> token(std::in_place);
  ParkLetter(*token, 'a');

  token.reset();

  EXPECT_TRUE(world_.loop.Run().ok());
  EXPECT_EQ(trace_, "a");
}

TEST_F(CancelTokenWaitTest, SaysWhatItIs) {
  CancelToken token;
  FnWaiter& waiter = ParkLetter(token, 'a');
  EXPECT_EQ(waiter.DescribeWait(), "a cancel token");
  world_.loop.Withdraw(waiter);
}

}  // namespace
}  // namespace lev
