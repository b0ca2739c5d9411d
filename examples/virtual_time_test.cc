// Tests a retry loop whose pauses add up to a minute, in no time at all.

#include <string>

#include "gtest/gtest.h"
#include "lev/loop/fake_poller.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_verbs.h"

namespace {

// What is to be tested: tries again after 1, 2, 4, ... seconds.
template <typename F>
lev::Co<absl::Status> Retry(F attempt, int times) {
  lev::Nanos pause = lev::kSecond;
  for (int i = 1;; ++i, pause *= 2) {
    absl::Status status = co_await attempt();
    if (status.ok() || i == times) co_return status;
    absl::Status slept = co_await lev::Sleep(pause);
    if (!slept.ok()) co_return slept;
  }
}

class RetryTest : public testing::Test {
 protected:
  // A server that is out of order until then.
  lev::Co<absl::Status> Ask(lev::Instant until) {
    ++asked_;
    if (loop_.now() >= until) co_return absl::OkStatus();
    co_return absl::UnavailableError("out of order");
  }

  lev::JoinHandle<absl::Status> Start(lev::Instant until, int times) {
    auto attempt = [this, until] { return Ask(until); };
    return lev::Spawn(root_, "retry", Retry<decltype(attempt)>, attempt, times);
  }

  lev::FakeClock clock_;
  lev::FakePoller poller_{clock_};
  lev::EventLoop loop_{clock_, poller_};
  lev::CoScope root_{loop_};
  int asked_ = 0;
};

TEST_F(RetryTest, GoesOnUntilTheServerAnswers) {
  auto retry = Start(60 * lev::kSecond, 10);
  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_TRUE(retry.outcome().ok());
  EXPECT_EQ(asked_, 7);
  EXPECT_EQ(loop_.now(), 63 * lev::kSecond);
}

TEST_F(RetryTest, GivesUpInTheEnd) {
  auto retry = Start(lev::kNever, 3);
  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_EQ(retry.outcome().message(), "out of order");
  EXPECT_EQ(loop_.now(), 3 * lev::kSecond);
}

}  // namespace
