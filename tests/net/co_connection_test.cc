#include "lev/net/co_connection.h"

#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/task/cancel_token.h"
#include "lev/task/co.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_verbs.h"
#include "lev/task/task_error.h"
#include "tests/support/co_real_world.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

class CoConnectionTest : public CoRealWorld {
 protected:
  CoConnectionTest() {
    FdPair pair = UnixPair();
    const absl::Span<char> scratch = absl::MakeSpan(scratch_);
    a_ = std::make_unique<Connection>(loop_, std::move(pair.a), scratch);
    b_ = std::make_unique<Connection>(loop_, std::move(pair.b), scratch);
  }

  Co<absl::StatusOr<std::string>> Exactly(size_t size, WaitOptions options) {
    absl::StatusOr<std::string> data = co_await RecvExactly(*b_, size, options);
    co_return data;
  }

  char scratch_[4096];
  std::unique_ptr<Connection> a_;
  std::unique_ptr<Connection> b_;
};

TEST_F(CoConnectionTest, DataIsCutAsTheReaderLikes) {
  auto main = [this]() -> Co<> {
    EXPECT_TRUE((co_await Send(*a_, "one\ntwo\nrest")).ok());
    EXPECT_EQ((co_await RecvUntil(*b_, "\n")).value(), "one\n");
    EXPECT_EQ((co_await RecvExactly(*b_, 3)).value(), "two");
    EXPECT_EQ((co_await RecvSome(*b_, 100)).value(), "\nrest");
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CoConnectionTest, ABufferIsFilledWithoutAString) {
  auto main = [this]() -> Co<std::string> {
    EXPECT_TRUE((co_await Send(*a_, "hello")).ok());
    char buffer[3];
    absl::StatusOr<size_t> size =
        co_await RecvInto(*b_, absl::MakeSpan(buffer));
    co_return std::string(buffer, *size);
  };
  EXPECT_EQ(Result(main).value(), "hel");
}

TEST_F(CoConnectionTest, TheEndOfTheStreamIsClosed) {
  auto main = [this]() -> Co<absl::Status> {
    EXPECT_TRUE(a_->Shutdown(SHUT_WR).ok());
    absl::StatusOr<std::string> data = co_await RecvSome(*b_, 10);
    co_return data.status();
  };
  EXPECT_EQ(Result(main).message(), "closed");
}

TEST_F(CoConnectionTest, ATimeoutLosesNoData) {
  auto main = [this]() -> Co<std::string> {
    EXPECT_TRUE((co_await Send(*a_, "abc")).ok());
    absl::StatusOr<std::string> much =
        co_await Exactly(5, {.timeout = kMillisecond});
    EXPECT_EQ(much.status(), TimedOutError());
    absl::StatusOr<std::string> all = co_await RecvSome(*b_, 10);
    co_return *all;
  };
  EXPECT_EQ(Result(main).value(), "abc");
}

TEST_F(CoConnectionTest, ATokenEndsAReadAndTheConnectionGoesOn) {
  CancelToken token;
  auto main = [&]() -> Co<std::string> {
    CoScope scope(co_await CurrentTask(), {}, false);
    Spawn(scope, "", [&]() -> Co<> {
      (co_await Yield()).IgnoreError();
      token.Cancel();
    });
    absl::StatusOr<std::string> cut = co_await Exactly(5, {.cancel = &token});
    EXPECT_TRUE(absl::IsCancelled(cut.status()));
    co_await AllEnded(scope);
    EXPECT_TRUE((co_await Send(*a_, "abc")).ok());
    absl::StatusOr<std::string> all = co_await RecvSome(*b_, 10);
    co_return *all;
  };
  EXPECT_EQ(Result(main).value(), "abc");
}

TEST_F(CoConnectionTest, ASecondReaderIsToldBusy) {
  auto main = [this]() -> Co<absl::Status> {
    CoScope scope(co_await CurrentTask(), {}, false);
    auto first = Spawn(scope, "", [this] { return Exactly(1, {}); });
    (co_await Yield()).IgnoreError();
    absl::StatusOr<std::string> second = co_await RecvSome(*b_, 1);
    first.Abort();
    co_return second.status();
  };
  EXPECT_EQ(Result(main).message(), "busy");
}

TEST_F(CoConnectionTest, ClosingWakesAReader) {
  auto main = [this]() -> Co<absl::Status> {
    CoScope scope(co_await CurrentTask(), {}, false);
    auto reader = Spawn(scope, "", [this] { return Exactly(1, {}); });
    (co_await Yield()).IgnoreError();
    b_->Close();
    absl::StatusOr<std::string> data = co_await reader.Join();
    co_return data.status();
  };
  EXPECT_EQ(Result(main).message(), "socket is closed");
}

TEST_F(CoConnectionTest, SendsOfSeveralTasksDoNotMix) {
  const std::string as(1 << 20, 'a');
  const std::string bs(1 << 20, 'b');
  auto send = [this](std::string text) -> Co<absl::Status> {
    absl::Status sent = co_await Send(*a_, text);
    co_return sent;
  };
  auto main = [&]() -> Co<> {
    CoScope scope(co_await CurrentTask(), {}, false);
    Spawn(scope, "", [&] { return send(as); });
    Spawn(scope, "", [&] { return send(bs); });
    EXPECT_EQ((co_await RecvExactly(*b_, as.size())).value(), as);
    EXPECT_EQ((co_await RecvExactly(*b_, bs.size())).value(), bs);
    co_await AllEnded(scope);
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CoConnectionTest, ASendThatIsCutShortSaysHowMuchHasGone) {
  const std::string much(8 << 20, 'x');
  auto main = [&]() -> Co<> {
    size_t sent = 0;
    absl::Status status =
        co_await Send(*a_, much, {.timeout = kMillisecond}, &sent);
    EXPECT_EQ(status, TimedOutError());
    EXPECT_GT(sent, 0u);
    EXPECT_EQ((co_await RecvExactly(*b_, sent)).value().size(), sent);
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CoConnectionTest, AnAbortedSenderLetsTheNextOneBegin) {
  const std::string much(8 << 20, 'x');
  auto send = [this](std::string text) -> Co<absl::Status> {
    absl::Status sent = co_await Send(*a_, text);
    co_return sent;
  };
  auto main = [&]() -> Co<> {
    CoScope scope(co_await CurrentTask(), {}, false);
    auto first = Spawn(scope, "", [&] { return send(much); });
    auto second = Spawn(scope, "", [&] { return send("end"); });
    (co_await Yield()).IgnoreError();
    first.Abort();
    absl::StatusOr<std::string> data = co_await RecvUntil(*b_, "end", 16 << 20);
    EXPECT_TRUE(data.ok());
    co_await AllEnded(scope);
    EXPECT_TRUE(second.outcome().ok());
  };
  EXPECT_TRUE(Result(main).ok());
}

}  // namespace
}  // namespace lev
