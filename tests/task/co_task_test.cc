#include "lev/task/co_task.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "lev/task/cancel_token.h"
#include "lev/task/co.h"
#include "lev/task/co_verbs.h"
#include "tests/support/co_world.h"

namespace lev {
namespace {

// Waits for a bell, until it was rung so often.
class BellVerb final : public CoVerb {
 public:
  BellVerb(Bell& bell, int rings, WaitOptions options = {})
      : CoVerb(options), bell_(bell), rings_(rings) {}
  absl::Status Take() { return status(); }

  int undone = 0;

 private:
  Step Try(bool) override {
    return rings_-- > 0 ? Step::Blocked(bell_) : Step::Done();
  }
  void Undo() override { ++undone; }

  Bell& bell_;
  int rings_;
};

class CoTaskTest : public CoWorld {
 protected:
  // Rings at 1, 2, ... so often.
  void Ring(int times) {
    for (int i = 1; i <= times; ++i) {
      At(i, [this] { bell_.FireAll(); });
    }
  }

  Co<absl::Status> Listen(int rings, WaitOptions options = {}) {
    const absl::Status status = co_await BellVerb(bell_, rings, options);
    co_return status;
  }
};

TEST_F(CoTaskTest, AStepIsTriedAgainAtEveryWake) {
  Ring(3);
  EXPECT_TRUE(Result([this] { return Listen(3); }).ok());
  EXPECT_EQ(loop_.now(), 3);
}

TEST_F(CoTaskTest, AStepThatIsDoneDoesNotSuspend) {
  auto body = [this]() -> Co<> {
    trace_ += 'a';
    (co_await BellVerb(bell_, 0)).IgnoreError();
    trace_ += 'b';
  };
  auto other = [this]() -> Co<> {
    trace_ += 'c';
    co_return;
  };
  auto first = Start(body);
  auto second = Start(other);
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "abc");
}

TEST_F(CoTaskTest, AWaitEndsAtItsTimeout) {
  const auto wait = [this] { return Listen(9, {.timeout = 5}); };
  EXPECT_EQ(Result(wait), TimedOutError());
  EXPECT_EQ(loop_.now(), 5);
}

TEST_F(CoTaskTest, OrAtItsDeadlineIfThatIsEarlier) {
  const auto wait = [this] { return Listen(9, {.timeout = 5, .deadline = 3}); };
  EXPECT_EQ(Result(wait), TimedOutError());
  EXPECT_EQ(loop_.now(), 3);
}

TEST_F(CoTaskTest, AResultBeatsATimeoutOfTheSameTurn) {
  Ring(3);
  EXPECT_TRUE(Result([this] { return Listen(3, {.timeout = 3}); }).ok());
}

TEST_F(CoTaskTest, ATimeoutUndoesTheCall) {
  int undone = 0;
  auto body = [&]() -> Co<> {
    BellVerb verb(bell_, 9, {.timeout = 5});
    (co_await std::move(verb)).IgnoreError();
    undone = verb.undone;
  };
  Result(body).IgnoreError();
  EXPECT_EQ(undone, 1);
}

TEST_F(CoTaskTest, ATokenEndsAWait) {
  CancelToken token;
  At(4, [&] { token.Cancel(std::make_unique<CancelReason>("enough")); });
  const auto status = Result([&] { return Listen(9, {.cancel = &token}); });
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(ReasonOf(status), "enough");
  EXPECT_EQ(loop_.now(), 4);
}

TEST_F(CoTaskTest, ATokenThatIsCancelledLetsNothingBegin) {
  CancelToken token;
  token.Cancel();
  const auto status = Result([&] { return Listen(0, {.cancel = &token}); });
  EXPECT_TRUE(absl::IsCancelled(status));
}

TEST_F(CoTaskTest, ACancelledTaskIsToldSoAtEveryWait) {
  int told = 0;
  auto body = [&]() -> Co<absl::Status> {
    absl::Status status;
    for (int i = 0; i < 3; ++i) {
      status = co_await BellVerb(bell_, 9);
      if (ReasonOf(status) == "stop") ++told;
    }
    co_return status;
  };
  auto handle = Start(body);
  At(2, [&] { handle.Cancel("stop"); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(told, 3);
  EXPECT_EQ(handle.task().status(), Task::Status::kCancelled);
  EXPECT_EQ(loop_.now(), 2);
}

TEST_F(CoTaskTest, ATaskThatIgnoresItsCancellationStarvesNobody) {
  auto stubborn = [this]() -> Co<> {
    for (int i = 0; i < 3; ++i) {
      (co_await Sleep(kSecond)).IgnoreError();
      trace_ += 's';
    }
  };
  auto other = [this]() -> Co<> {
    for (int i = 0; i < 3; ++i) {
      trace_ += 'o';
      (co_await Yield()).IgnoreError();
    }
  };
  auto first = Start(stubborn);
  first.Cancel("stop");
  auto second = Start(other);
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "ososos");
  EXPECT_EQ(first.task().status(), Task::Status::kDone);
}

TEST_F(CoTaskTest, AResultBeatsACancellationOfTheSameTurn) {
  auto handle = Start([this] { return Listen(1); });
  At(1, [&] {
    bell_.FireAll();
    handle.Cancel("stop");
  });
  EXPECT_TRUE(Run());
  EXPECT_TRUE(handle.outcome().ok());
}

TEST_F(CoTaskTest, VerbsThatAreAlwaysDoneGiveUpTheirTurnNowAndThen) {
  auto greedy = [this]() -> Co<> {
    for (int i = 0; i < 2 * CoTask::kBudget; ++i)
      (co_await BellVerb(bell_, 0)).IgnoreError();
    trace_ += 'g';
  };
  auto modest = [this]() -> Co<> {
    trace_ += 'm';
    co_return;
  };
  auto first = Start(greedy);
  auto second = Start(modest);
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "mg");
}

TEST_F(CoTaskTest, AnAbortedTaskLeavesNothingBehind) {
  auto handle = Start([this] { return Listen(9, {.timeout = kSecond}); });
  At(1, [&] { handle.Abort(); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(handle.outcome(), TaskAbortedError());
  EXPECT_TRUE(bell_.empty());
  EXPECT_EQ(loop_.stats().timers, 0u);
  EXPECT_EQ(loop_.now(), 1);
}

TEST_F(CoTaskTest, ATaskMayAbortItself) {
  auto body = [this]() -> Co<> {
    const Farewell local(trace_, 'x');
    (co_await CurrentTask()).Abort();
    trace_ += 'a';
    (co_await Yield()).IgnoreError();
    trace_ += 'b';
  };
  auto handle = Start(body);
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "ax");
  EXPECT_EQ(handle.task().status(), Task::Status::kAborted);
}

TEST_F(CoTaskTest, ATaskThatAbortsItselfAndReturnsIsDone) {
  auto body = []() -> Co<int> {
    (co_await CurrentTask()).Abort();
    co_return 5;
  };
  EXPECT_EQ(Result(body).value(), 5);
}

TEST_F(CoTaskTest, ATaskIsAbortedBeforeItBegins) {
  auto argument = std::make_unique<Farewell>(trace_, 'x');
  auto handle = Start([](std::unique_ptr<Farewell>) -> Co<> { co_return; },
                      std::move(argument));
  handle.Abort();
  EXPECT_EQ(trace_, "x");
  EXPECT_TRUE(Run());
}

TEST_F(CoTaskTest, ADeadlockNamesTheTaskAndItsWait) {
  auto handle = Spawn(root_, "listener", [this] { return Listen(9); });
  EXPECT_FALSE(Run());
  EXPECT_EQ(handle.task().Describe(), "task #1 \"listener\"");
  EXPECT_EQ(handle.task().DescribeWait(), "a bell");
}

TEST_F(CoTaskTest, SleepingForEverIsNoDeadlock) {
  CancelToken token;
  At(kSecond, [&] { token.Cancel(); });
  const auto status = Result([&]() -> Co<absl::Status> {
    const absl::Status slept = co_await Sleep(kNever, &token);
    co_return slept;
  });
  EXPECT_TRUE(absl::IsCancelled(status));
}

TEST_F(CoTaskTest, TasksSleepSideBySide) {
  auto sleeper = [this](char letter, Nanos time) -> Co<> {
    (co_await Sleep(time)).IgnoreError();
    trace_ += letter;
  };
  auto slow = Start(sleeper, 'b', 2 * kSecond);
  auto fast = Start(sleeper, 'a', kSecond);
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "ab");
  EXPECT_EQ(loop_.now(), 2 * kSecond);
}

}  // namespace
}  // namespace lev
