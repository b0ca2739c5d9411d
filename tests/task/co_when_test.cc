#include "lev/task/co_when.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lev/task/co.h"
#include "lev/task/co_verbs.h"
#include "lev/task/task_error.h"
#include "tests/support/co_world.h"

namespace lev {
namespace {

class CoWhenTest : public CoWorld {
 protected:
  Co<absl::StatusOr<int>> After(Nanos time, int value) {
    const absl::Status slept = co_await Sleep(time);
    trace_ += slept.ok() ? 'k' : 'c';
    if (!slept.ok()) co_return slept;
    co_return value;
  }

  Co<absl::Status> FailAfter(Nanos time) {
    (co_await Sleep(time)).IgnoreError();
    co_return absl::DataLossError("gone");
  }

  Co<std::string> Text(std::string text) { co_return text; }

  Co<> Nothing() { co_return; }
};

TEST_F(CoWhenTest, AllGivesTheValuesInOrder) {
  auto main = [this]() -> Co<> {
    auto all = co_await WhenAll(After(2, 20), Text("x"), Nothing());
    EXPECT_EQ(std::get<0>(*all), 20);
    EXPECT_EQ(std::get<1>(*all), "x");
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CoWhenTest, AnErrorOfOneCancelsTheOthers) {
  auto main = [this]() -> Co<absl::Status> {
    auto all = co_await WhenAll(After(9, 1), FailAfter(3), After(9, 2));
    co_return all.status();
  };
  EXPECT_EQ(Result(main), absl::DataLossError("gone"));
  EXPECT_EQ(trace_, "cc");
  EXPECT_EQ(loop_.now(), 3);
}

TEST_F(CoWhenTest, AllOfAList) {
  auto main = [this]() -> Co<int> {
    std::vector<Co<absl::StatusOr<int>>> list;
    for (int i = 1; i <= 10; ++i) list.push_back(After(10 - i, i));
    auto all = co_await WhenAll(std::move(list));
    int sum = 0;
    for (size_t i = 0; i < all->size(); ++i) sum += (*all)[i] * (i == 3);
    co_return sum;
  };
  EXPECT_EQ(Result(main).value(), 4);
}

TEST_F(CoWhenTest, AllOfNothingIsNothing) {
  auto main = []() -> Co<size_t> {
    auto all = co_await WhenAll(std::vector<Co<int>>());
    co_return all->size();
  };
  EXPECT_EQ(Result(main).value(), 0u);
}

TEST_F(CoWhenTest, ACancellationOfTheCallerReachesAll) {
  auto main = [this]() -> Co<absl::Status> {
    auto all = co_await WhenAll(After(9, 1), After(9, 2));
    co_return all.status();
  };
  auto handle = Start(main);
  At(4, [&] { handle.Cancel("stop"); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "cc");
  EXPECT_EQ(ReasonOf(handle.outcome()), "stop");
  EXPECT_EQ(handle.task().status(), Task::Status::kCancelled);
}

TEST_F(CoWhenTest, AnExceptionOfOneIsThrownWhenAllHaveEnded) {
  auto throws = []() -> Co<> {
    (co_await Sleep(1)).IgnoreError();
    throw std::runtime_error("bad luck");
  };
  auto main = [&]() -> Co<> {
    try {
      (co_await WhenAll(After(9, 1), throws())).status().IgnoreError();
    } catch (const std::runtime_error&) {
      trace_ += 'x';
    }
  };
  EXPECT_TRUE(Result(main).ok());
  EXPECT_EQ(trace_, "cx");
}

TEST_F(CoWhenTest, AnyGivesTheFirstAndCancelsTheOthers) {
  auto main = [this]() -> Co<int> {
    auto first = co_await WhenAny(After(9, 1), After(3, 2), FailAfter(7));
    EXPECT_EQ(first.index(), 1u);
    co_return *std::get<1>(first);
  };
  EXPECT_EQ(Result(main).value(), 2);
  EXPECT_EQ(trace_, "kc");
  EXPECT_EQ(loop_.now(), 3);
}

TEST_F(CoWhenTest, AnErrorMayBeTheFirst) {
  auto main = [this]() -> Co<absl::Status> {
    auto first = co_await WhenAny(After(9, 1), FailAfter(3));
    co_return std::get<1>(first);
  };
  EXPECT_EQ(Result(main), absl::DataLossError("gone"));
}

TEST_F(CoWhenTest, AnyOfAListSaysWhichItWas) {
  auto main = [this]() -> Co<> {
    std::vector<Co<absl::StatusOr<int>>> list;
    for (int i = 0; i < 5; ++i) list.push_back(After(i == 3 ? 1 : 9, i));
    auto first = co_await WhenAny(std::move(list));
    EXPECT_EQ(first.index, 3u);
    EXPECT_EQ(first.outcome.value(), 3);
  };
  EXPECT_TRUE(Result(main).ok());
  EXPECT_EQ(trace_, "kcccc");
}

TEST_F(CoWhenTest, TheLosersUnwindBeforeItReturns) {
  auto slow = [this]() -> Co<> {
    (co_await Sleep(9)).IgnoreError();
    const CancelShield shield(co_await CurrentTask());
    (co_await Sleep(5)).IgnoreError();
    trace_ += 'u';
  };
  auto main = [&]() -> Co<> {
    co_await WhenAny(After(1, 1), slow());
    trace_ += 'r';
  };
  EXPECT_TRUE(Result(main).ok());
  EXPECT_EQ(trace_, "kur");
  EXPECT_EQ(loop_.now(), 6);
}

TEST_F(CoWhenTest, AnAbortOfTheCallerTakesAllAlong) {
  auto main = [this]() -> Co<> {
    co_await WhenAny(After(9, 1), After(9, 2));
    trace_ += 'r';
  };
  auto handle = Start(main);
  At(1, [&] { handle.Abort(); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "");
  EXPECT_EQ(loop_.stats().timers, 0u);
}

}  // namespace
}  // namespace lev
