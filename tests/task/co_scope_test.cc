#include "lev/task/co_scope.h"

#include <memory>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lev/task/co.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_verbs.h"
#include "lev/task/task_error.h"
#include "tests/support/co_world.h"

namespace lev {
namespace {

class CoScopeTest : public CoWorld {
 protected:
  // Sleeps, and leaves its letter, or a capital if it was cancelled.
  Co<absl::Status> Letter(char letter, Nanos time) {
    absl::Status status = co_await Sleep(time);
    trace_ += status.ok() ? letter : static_cast<char>(letter - 'a' + 'A');
    co_return status;
  }

  Co<absl::Status> Fail(Nanos time) {
    (co_await Sleep(time)).IgnoreError();
    co_return absl::DataLossError("gone");
  }
};

TEST_F(CoScopeTest, AScopeReturnsTheBodysValueWhenItsTasksHaveEnded) {
  auto main = [this]() -> Co<absl::StatusOr<int>> {
    absl::StatusOr<int> value =
        co_await WithScope([this](Scope& scope) -> Co<int> {
          Spawn(scope, "", Letter('a', kSecond));
          co_return 4;
        });
    trace_ += 'z';
    co_return value;
  };
  EXPECT_EQ(Result(main).value(), 4);
  EXPECT_EQ(trace_, "az");
}

TEST_F(CoScopeTest, AnErrorOfATaskCancelsTheOthersAndTheBody) {
  auto main = [this]() -> Co<absl::Status> {
    absl::Status status =
        co_await WithScope([this](Scope& scope) -> Co<absl::Status> {
          Spawn(scope, "", Letter('a', kSecond));
          Spawn(scope, "", Fail(1));
          absl::Status own = co_await Letter('b', kSecond);
          co_return own;
        });
    co_return status;
  };
  EXPECT_EQ(Result(main), absl::DataLossError("gone"));
  EXPECT_EQ(trace_, "BA");
  EXPECT_EQ(loop_.now(), 1);
}

TEST_F(CoScopeTest, AScopeThatCollectsCancelsNobody) {
  auto main = [this]() -> Co<absl::Status> {
    absl::Status status = co_await WithScope(
        {.policy = Scope::Policy::kCollect}, [this](Scope& scope) -> Co<> {
          Spawn(scope, "", Letter('a', kSecond));
          Spawn(scope, "", Fail(1));
          co_return;
        });
    co_return status;
  };
  EXPECT_TRUE(Result(main).ok());
  EXPECT_EQ(trace_, "a");
}

TEST_F(CoScopeTest, AnErrorOfTheBodyCancelsTheTasksAndComesFirst) {
  auto main = [this]() -> Co<absl::Status> {
    absl::Status status =
        co_await WithScope([this](Scope& scope) -> Co<absl::Status> {
          Spawn(scope, "", Letter('a', kSecond));
          (co_await Yield()).IgnoreError();
          co_return absl::NotFoundError("the body");
        });
    co_return status;
  };
  EXPECT_EQ(Result(main), absl::NotFoundError("the body"));
  EXPECT_EQ(trace_, "A");
}

TEST_F(CoScopeTest, ADeadlineCancelsBodyAndTasks) {
  auto main = [this]() -> Co<absl::Status> {
    absl::Status status = co_await WithScope(
        {.timeout = 5}, [this](Scope& scope) -> Co<absl::Status> {
          Spawn(scope, "", Letter('a', kSecond));
          absl::Status own = co_await Letter('b', kSecond);
          trace_ += ReasonOf(own);
          co_return own;
        });
    co_return status;
  };
  EXPECT_EQ(Result(main), TimedOutError());
  EXPECT_EQ(trace_, "BtimeoutA");
  EXPECT_EQ(loop_.now(), 5);
}

TEST_F(CoScopeTest, ABodyThatHasEndedBeforeTheDeadlineLeavesNoAlarm) {
  auto main = []() -> Co<absl::Status> {
    absl::Status status = co_await WithScope({.timeout = kSecond},
                                             [](Scope&) -> Co<> { co_return; });
    co_return status;
  };
  EXPECT_TRUE(Result(main).ok());
  EXPECT_EQ(loop_.now(), 0);
}

TEST_F(CoScopeTest, ACancellationFromOutsideIsReportedWithItsReason) {
  auto main = [this]() -> Co<absl::Status> {
    absl::Status status =
        co_await WithScope([this](Scope& scope) -> Co<absl::Status> {
          Spawn(scope, "", Letter('a', kSecond));
          absl::Status own = co_await Letter('b', kSecond);
          co_return own;
        });
    co_return status;
  };
  auto handle = Start(main);
  At(3, [&] { handle.Cancel("the user left"); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(ReasonOf(handle.outcome()), "the user left");
  EXPECT_EQ(handle.task().status(), Task::Status::kCancelled);
  EXPECT_EQ(trace_.size(), 2u);
}

TEST_F(CoScopeTest, ATaskThatWasCancelledBeforeOpensNoScope) {
  auto main = [this]() -> Co<absl::Status> {
    absl::Status status = co_await WithScope([this](Scope&) -> Co<> {
      trace_ += 'b';
      co_return;
    });
    co_return status;
  };
  auto handle = Start(main);
  handle.Cancel("stop");
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "");
  EXPECT_TRUE(absl::IsCancelled(handle.outcome()));
}

TEST_F(CoScopeTest, AnAbortTakesTheScopesTasksAlong) {
  auto main = [this]() -> Co<absl::Status> {
    absl::Status status =
        co_await WithScope([this](Scope& scope) -> Co<absl::Status> {
          Spawn(scope, "", [this]() -> Co<> {
            const Farewell task(trace_, 't');
            (co_await Sleep(kSecond)).IgnoreError();
          });
          const Farewell body(trace_, 'b');
          (co_await Sleep(kSecond)).IgnoreError();
          co_return absl::OkStatus();
        });
    co_return status;
  };
  auto handle = Start(main);
  At(3, [&] { handle.Abort(); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "tb");
  EXPECT_EQ(handle.task().status(), Task::Status::kAborted);
}

TEST_F(CoScopeTest, AnExceptionOfTheBodyEndsTheTasksFirst) {
  auto main = [this]() -> Co<bool> {
    try {
      auto body = [this](Scope& scope) -> Co<> {
        Spawn(scope, "", Letter('a', kSecond));
        (co_await Yield()).IgnoreError();
        throw std::runtime_error("bad luck");
      };
      (co_await WithScope(body)).IgnoreError();
    } catch (const std::runtime_error&) {
      trace_ += 'x';
    }
    co_return true;
  };
  EXPECT_TRUE(Result(main).value());
  EXPECT_EQ(trace_, "Ax");
}

TEST_F(CoScopeTest, AnExceptionOfATaskIsThrownByTheScope) {
  auto main = [this]() -> Co<> {
    try {
      auto body = [this](Scope& scope) -> Co<> {
        Spawn(scope, "", Letter('a', kSecond));
        Spawn(scope, "", []() -> Co<> {
          (co_await Yield()).IgnoreError();
          throw std::runtime_error("bad luck");
        });
        co_return;
      };
      (co_await WithScope(body)).IgnoreError();
    } catch (const std::runtime_error&) {
      trace_ += 'x';
    }
  };
  EXPECT_TRUE(Result(main).ok());
  EXPECT_EQ(trace_, "Ax");
}

TEST_F(CoScopeTest, ATimeoutCancelsACall) {
  auto main = [this]() -> Co<absl::Status> {
    absl::Status status = co_await WithTimeout(5, Letter('a', kSecond));
    co_return status;
  };
  EXPECT_EQ(Result(main), TimedOutError());
  EXPECT_EQ(trace_, "A");
}

TEST_F(CoScopeTest, ACallThatIsDoneInTimeIsNotCancelled) {
  auto main = [this]() -> Co<absl::Status> {
    absl::Status status = co_await WithTimeout(kSecond, Letter('a', 5));
    co_return status;
  };
  EXPECT_TRUE(Result(main).ok());
  EXPECT_EQ(loop_.now(), 5);
}

TEST_F(CoScopeTest, ACallThatIgnoresItsTimeoutIsAbortedAfterTheGrace) {
  auto stubborn = [this]() -> Co<> {
    const Farewell local(trace_, 'x');
    const CancelShield shield(co_await CurrentTask());
    (co_await Sleep(kSecond)).IgnoreError();
    trace_ += 's';
  };
  auto main = [&]() -> Co<absl::Status> {
    absl::Status status = co_await WithTimeout(5, stubborn, 10);
    co_return status;
  };
  EXPECT_EQ(Result(main), TimedOutError());
  EXPECT_EQ(trace_, "x");
  EXPECT_EQ(loop_.now(), 15);
}

TEST_F(CoScopeTest, AShieldKeepsACancellationBack) {
  auto main = [this]() -> Co<absl::Status> {
    {
      const CancelShield shield(co_await CurrentTask());
      absl::Status inside = co_await Sleep(kSecond);
      trace_ += inside.ok() ? 'k' : 'c';
    }
    absl::Status after = co_await Sleep(kSecond);
    co_return after;
  };
  auto handle = Start(main);
  At(1, [&] { handle.Cancel("stop"); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "k");
  EXPECT_TRUE(absl::IsCancelled(handle.outcome()));
  EXPECT_EQ(loop_.now(), kSecond);
}

TEST_F(CoScopeTest, ARootRemembersItsFirstError) {
  CoScope root(loop_);
  Spawn(root, "", Fail(1));
  Spawn(root, "", Letter('a', 5));
  EXPECT_TRUE(Run());
  EXPECT_EQ(root.error(), absl::DataLossError("gone"));
  EXPECT_EQ(trace_, "a");
}

TEST_F(CoScopeTest, ARootThatGoesAbortsItsTasks) {
  auto root = std::make_unique<CoScope>(loop_);
  auto handle = Spawn(*root, "", Letter('a', kSecond));
  root.reset();
  EXPECT_EQ(handle.task().status(), Task::Status::kAborted);
}

}  // namespace
}  // namespace lev
