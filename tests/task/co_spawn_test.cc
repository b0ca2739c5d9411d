#include "lev/task/co_spawn.h"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lev/task/co.h"
#include "lev/task/co_join.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_verbs.h"
#include "lev/task/scope.h"
#include "tests/support/co_world.h"

namespace lev {
namespace {

class CoSpawnTest : public CoWorld {};

Co<int> Later(int value) {
  (co_await Sleep(kSecond)).IgnoreError();
  co_return value;
}

TEST_F(CoSpawnTest, AJoinerGetsTheValue) {
  auto body = [this]() -> Co<absl::StatusOr<int>> {
    auto child = Spawn(root_, "child", Later, 5);
    absl::StatusOr<int> value = co_await child.Join();
    co_return value;
  };
  EXPECT_EQ(Result(body).value(), 5);
}

TEST_F(CoSpawnTest, ManyMayJoinAndAsOftenAsTheyLike) {
  auto child = Start(Later, 5);
  auto joiner = [&]() -> Co<int> {
    const absl::StatusOr<int> once = co_await child.Join();
    const absl::StatusOr<int> twice = co_await child.Join();
    co_return *once + *twice;
  };
  auto first = Start(joiner);
  auto second = Start(joiner);
  EXPECT_TRUE(Run());
  EXPECT_EQ(first.outcome().value(), 10);
  EXPECT_EQ(second.outcome().value(), 10);
}

TEST_F(CoSpawnTest, AJoinMayTakeTheValueAway) {
  auto make = []() -> Co<std::unique_ptr<int>> {
    co_return std::make_unique<int>(6);
  };
  auto body = [&]() -> Co<int> {
    auto child = Start(make);
    auto value = co_await std::move(child).Join();
    co_return **value;
  };
  EXPECT_EQ(Result(body).value(), 6);
}

TEST_F(CoSpawnTest, AJoinHasItsOwnTimeout) {
  auto child = Start(Later, 5);
  auto body = [&]() -> Co<absl::Status> {
    absl::StatusOr<int> value = co_await child.Join({.timeout = 1});
    co_return value.status();
  };
  EXPECT_EQ(Result(body), TimedOutError());
  EXPECT_EQ(child.outcome().value(), 5);
}

TEST_F(CoSpawnTest, AStatusThatIsAnErrorMeansThatTheTaskFailed) {
  auto child = Start([]() -> Co<absl::Status> {
    co_return absl::NotFoundError("nothing there");
  });
  EXPECT_TRUE(Run());
  EXPECT_EQ(child.task().status(), Task::Status::kFailed);
  EXPECT_EQ(child.task().error(), absl::NotFoundError("nothing there"));
}

TEST_F(CoSpawnTest, ACancelledErrorOfATaskThatWasNotIsAFailure) {
  auto child =
      Start([]() -> Co<absl::Status> { co_return CancelledBecause(nullptr); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(child.task().status(), Task::Status::kFailed);
}

TEST_F(CoSpawnTest, AHandleThatIsDroppedChangesNothing) {
  Start([this]() -> Co<> {
    (co_await Sleep(kSecond)).IgnoreError();
    trace_ += 'x';
  });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "x");
}

TEST_F(CoSpawnTest, ATaskIsJoinedThoughItsHandleIsDropped) {
  auto child = Start(Later, 5);
  auto first = Start([&]() -> Co<int> {
    const absl::StatusOr<int> value = co_await child.Join();
    co_return *value;
  });
  auto second = Start([&]() -> Co<absl::Status> {
    const absl::Status status = co_await Join(child.task());
    co_return status;
  });
  At(1, [&] { child = {}; });
  EXPECT_TRUE(Run());
  EXPECT_EQ(first.outcome().value(), 5);
  EXPECT_TRUE(second.outcome().ok());
}

TEST_F(CoSpawnTest, AHandleMayPointToAnotherTask) {
  auto handle = Start(Later, 1);
  handle = Start(Later, 2);
  EXPECT_TRUE(Run());
  EXPECT_EQ(handle.outcome().value(), 2);
}

// Spawns a task that leaves its letter, when it is destroyed.
class LateSpawn {
 public:
  LateSpawn(Scope& scope, std::string& trace, char letter)
      : scope_(scope), trace_(trace), letter_(letter) {}
  ~LateSpawn() {
    Spawn(scope_, "late", [&trace = trace_, letter = letter_]() -> Co<> {
      trace += letter;
      co_return;
    });
  }

 private:
  Scope& scope_;
  std::string& trace_;
  const char letter_;
};

TEST_F(CoSpawnTest, WhatADestructorSpawnsEndsWithItsScope) {
  auto handle = Start([this]() -> Co<> {
    auto body = [this](Scope& scope) -> Co<> {
      const LateSpawn within(scope, trace_, 'w');
      const LateSpawn without(root_, trace_, 'o');
      (co_await Sleep(kSecond)).IgnoreError();
    };
    (co_await WithScope(body)).IgnoreError();
  });
  At(1, [&] { handle.Abort(); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "o");
}

TEST_F(CoSpawnTest, CapturesLiveAsLongAsTheTask) {
  auto text = std::make_unique<std::string>("captured");
  auto handle = Start([text = std::move(text)]() -> Co<std::string> {
    (co_await Sleep(kSecond)).IgnoreError();
    co_return *text;
  });
  EXPECT_TRUE(Run());
  EXPECT_EQ(handle.outcome().value(), "captured");
}

TEST_F(CoSpawnTest, SoDoArgumentsThatAreTakenByReference) {
  auto length = [](const std::string& text) -> Co<size_t> {
    (co_await Sleep(kSecond)).IgnoreError();
    co_return text.size();
  };
  auto handle = Start(length, std::string(100, 'x'));
  EXPECT_TRUE(Run());
  EXPECT_EQ(handle.outcome().value(), 100u);
}

TEST_F(CoSpawnTest, AReferenceIsPassedOnRequest) {
  int counter = 0;
  auto count = [](int& number) -> Co<> {
    (co_await Yield()).IgnoreError();
    ++number;
  };
  Start(count, std::ref(counter));
  EXPECT_TRUE(Run());
  EXPECT_EQ(counter, 1);
}

TEST_F(CoSpawnTest, WhatATaskWasGivenIsGoneWhenItHasEnded) {
  auto argument = std::make_unique<Farewell>(trace_, 'x');
  auto handle = Start([](std::unique_ptr<Farewell>) -> Co<> { co_return; },
                      std::move(argument));
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "x");
  EXPECT_TRUE(handle.ended());
}

TEST_F(CoSpawnTest, ACallThatWasMadeAlreadyCanBeSpawned) {
  auto handle = Spawn(root_, "later", Later(7));
  EXPECT_TRUE(Run());
  EXPECT_EQ(handle.outcome().value(), 7);
}

TEST_F(CoSpawnTest, ScopesCancelCoroutinesLikeOtherTasks) {
  auto handle = Start(Later, 1);
  At(1, [this] { root_.Cancel(std::make_unique<CancelReason>("enough")); });
  EXPECT_TRUE(Run());
  // It ignores what Sleep says.
  EXPECT_EQ(handle.outcome().value(), 1);
  EXPECT_EQ(loop_.now(), 1);
}

TEST_F(CoSpawnTest, AnExceptionIsThrownAgainAtTheJoin) {
  auto child = Start([]() -> Co<int> {
    (co_await Sleep(kSecond)).IgnoreError();
    throw std::runtime_error("bad luck");
  });
  auto body = [&]() -> Co<std::string> {
    try {
      (co_await child.Join()).status().IgnoreError();
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
    co_return "nothing";
  };
  EXPECT_EQ(Result(body).value(), "bad luck");
  EXPECT_EQ(child.task().status(), Task::Status::kFailed);
  EXPECT_EQ(child.outcome().status(), ExceptionError());
}

TEST_F(CoSpawnTest, AnExceptionPassesThroughCallers) {
  auto inner = []() -> Co<> {
    (co_await Yield()).IgnoreError();
    throw std::runtime_error("bad luck");
  };
  auto outer = [&]() -> Co<std::string> {
    try {
      co_await inner();
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
    co_return "nothing";
  };
  EXPECT_EQ(Result(outer).value(), "bad luck");
}

TEST_F(CoSpawnTest, AnExceptionCanBeHadAsAValue) {
  auto inner = []() -> Co<> {
    (co_await Yield()).IgnoreError();
    throw std::runtime_error("bad luck");
  };
  auto outer = [&]() -> Co<bool> {
    Settled<void> settled = co_await Settle(inner());
    co_return settled.exception != nullptr&& settled.outcome ==
        ExceptionError();
  };
  EXPECT_TRUE(Result(outer).value());
}

TEST_F(CoSpawnTest, ACallableThatThrowsMakesNoTask) {
  const auto bad = []() -> Co<> { throw std::runtime_error("too early"); };
  const auto worse = [&bad](bool throws) {
    if (throws) throw std::runtime_error("much too early");
    return bad();
  };
  EXPECT_THROW(Start(worse, true), std::runtime_error);
  EXPECT_EQ(root_.live(), 0u);
}

}  // namespace
}  // namespace lev
