#include "lev/task/task_error.h"

#include "gtest/gtest.h"

namespace lev {
namespace {

TEST(TaskErrorTest, ACancellationSaysWhy) {
  const CancelReason reason("the user left");
  const absl::Status status = CancelledBecause(&reason);
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(status.message(), "cancelled");
  EXPECT_EQ(ReasonOf(status), "the user left");
}

TEST(TaskErrorTest, ThereMayBeNoReason) {
  EXPECT_EQ(ReasonOf(CancelledBecause(nullptr)), "");
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
}

TEST(TaskErrorTest, TheTextsAreThoseOfLua) {
  EXPECT_EQ(TimedOutError().message(), "timeout");
  EXPECT_EQ(ChannelClosedError().message(), "closed");
  EXPECT_EQ(TaskAbortedError().message(), "aborted");
}

}  // namespace
}  // namespace lev
