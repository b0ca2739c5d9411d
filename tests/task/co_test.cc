#include "lev/task/co.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lev/task/co_verbs.h"
#include "tests/support/co_world.h"

namespace lev {
namespace {

class CoTest : public CoWorld {};

Co<int> Number(int number) { co_return number; }

Co<std::unique_ptr<int>> Owned(int number) {
  co_return std::make_unique<int>(number);
}

TEST_F(CoTest, ACallReturnsItsValue) {
  auto sum = []() -> Co<int> {
    const int one = co_await Number(1);
    const int two = co_await Number(2);
    co_return one + two;
  };
  EXPECT_EQ(Result(sum).value(), 3);
}

TEST_F(CoTest, ValuesMayBeMovedOnly) {
  auto outer = []() -> Co<int> {
    std::unique_ptr<int> number = co_await Owned(7);
    co_return *number;
  };
  EXPECT_EQ(Result(outer).value(), 7);
}

TEST_F(CoTest, NothingRunsBeforeItIsAwaited) {
  bool ran = false;
  auto inner = [&]() -> Co<> {
    ran = true;
    co_return;
  };
  auto outer = [&]() -> Co<bool> {
    Co<> call = inner();
    const bool before = ran;
    co_await std::move(call);
    co_return !before && ran;
  };
  EXPECT_TRUE(Result(outer).value());
}

TEST_F(CoTest, ACallThatIsNeverAwaitedFreesItsArguments) {
  auto parameter = std::make_unique<Farewell>(trace_, 'p');
  auto inner = [](std::unique_ptr<Farewell>) -> Co<> { co_return; };
  {
    const Co<> call = inner(std::move(parameter));
    EXPECT_EQ(trace_, "");
  }
  EXPECT_EQ(trace_, "p");
}

TEST_F(CoTest, AMillionCallsThatDoNotSuspendNeedNoStack) {
  auto loop = []() -> Co<int> {
    int sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await Number(1);
    co_return sum;
  };
  EXPECT_EQ(Result(loop).value(), 1'000'000);
}

Co<int> Depth(int left) {
  if (left == 0) {
    (co_await Yield()).IgnoreError();
    co_return 0;
  }
  co_return 1 + co_await Depth(left - 1);
}

TEST_F(CoTest, AHundredThousandCallsWithinOneAnotherNeedNoStack) {
  EXPECT_EQ(Result(Depth, 100'000).value(), 100'000);
}

Co<> Deep(int left) {
  if (left == 0) {
    (co_await Sleep(kSecond)).IgnoreError();
  } else {
    co_await Deep(left - 1);
  }
}

TEST_F(CoTest, NorDoesItNeedStackToDestroyThem) {
  auto handle = Start(Deep, 100'000);
  At(1, [&] { handle.Abort(); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(handle.task().status(), Task::Status::kAborted);
}

TEST_F(CoTest, AnErrorIsAValue) {
  auto fails = []() -> Co<absl::StatusOr<int>> {
    co_return absl::NotFoundError("no number");
  };
  auto outer = [&]() -> Co<absl::StatusOr<int>> {
    absl::StatusOr<int> number = co_await fails();
    if (!number.ok()) co_return number.status();
    co_return *number + 1;
  };
  EXPECT_EQ(Result(outer).status(), absl::NotFoundError("no number"));
}

TEST_F(CoTest, LocalsGoInReverseOrderWhenACallIsDestroyed) {
  auto inner = [this]() -> Co<> {
    const Farewell last(trace_, '3');
    const Farewell first(trace_, '4');
    (co_await Sleep(kSecond)).IgnoreError();
  };
  auto outer = [&]() -> Co<> {
    const Farewell a(trace_, '1');
    const Farewell b(trace_, '2');
    co_await inner();
  };
  auto handle = Start(outer);
  At(1, [&] { handle.Abort(); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "4321");
}

TEST_F(CoTest, TemporariesLiveUntilTheCallHasEnded) {
  auto length = [](const std::string& text) -> Co<size_t> {
    (co_await Sleep(kSecond)).IgnoreError();
    co_return text.size();
  };
  auto outer = [&]() -> Co<size_t> {
    const size_t size = co_await length(std::string(100, 'x'));
    co_return size;
  };
  EXPECT_EQ(Result(outer).value(), 100u);
}

TEST_F(CoTest, TheTaskThatRunsIsKnown) {
  auto body = []() -> Co<uint32_t> {
    const CoTask& self = co_await CurrentTask();
    co_return self.id();
  };
  auto handle = Start(body);
  EXPECT_TRUE(Run());
  EXPECT_EQ(handle.outcome().value(), handle.task().id());
}

}  // namespace
}  // namespace lev
