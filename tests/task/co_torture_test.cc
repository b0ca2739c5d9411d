// A victim that waits in all verbs of lev/task is cut short at each moment of
// its life, in four ways. Nothing may be lost, held, or left waiting.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/task/cancel_reason.h"
#include "lev/task/cancel_token.h"
#include "lev/task/channel.h"
#include "lev/task/co.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_sync.h"
#include "lev/task/co_verbs.h"
#include "lev/task/co_when.h"
#include "lev/task/rendezvous.h"
#include "lev/task/scope.h"
#include "lev/task/semaphore.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

constexpr int kMessage = 1'000'000;  // More than all others together.

constexpr Nanos kPatience = 10'000;

enum class Cut { kCancel, kAbort, kToken, kTimeout };

// What the victim shares with others, who go on.
class Torture {
 public:
  explicit Torture(uint64_t seed) : world_(seed) {}

  // The victim is cut short at `moment`; true if it was still alive then.
  bool Run(Cut cut, int moment) {
    WaitOptions wait;
    wait.cancel = &token_;
    if (cut == Cut::kTimeout) wait.timeout = moment;
    CoScope root(world_.loop);
    auto victim = Spawn(root, "victim", [&] { return Victim(wait); });
    auto feeder = Spawn(root, "feeder", [&] { return Feed(victim.task()); });
    Spawn(root, "reader", [&] { return Drain(); });
    Spawn(root, "rival", [&] { return Rival(victim.task()); });
    bool alive = false;
    Spawn(root, "cutter", [&]() -> Co<> {
      (co_await Sleep(moment / 4)).IgnoreError();
      for (int i = 0; i < moment % 4; ++i) (co_await Yield()).IgnoreError();
      alive = !victim.ended();
      if (cut == Cut::kCancel) victim.Cancel("cut");
      if (cut == Cut::kAbort) victim.Abort();
      if (cut == Cut::kToken) token_.Cancel();
    });
    const absl::Status ran = world_.loop.Run();
    EXPECT_TRUE(ran.ok()) << ran;
    EXPECT_TRUE(root.error().ok()) << root.error();
    // Who is aborted may not have heard that its message was taken.
    const bool unheard = cut == Cut::kAbort && received_ == sent_ + kMessage;
    EXPECT_TRUE(received_ == sent_ || unheard) << received_ << " of " << sent_;
    ExpectNothingLeft();
    return alive;
  }

 private:
  // Errors do not matter: each of them is another place to be cut short at.
  Co<> Victim(WaitOptions wait) {
    for (int round = 0; round < 3; ++round) {
      co_await UseLocks(wait);
      co_await UseMeetings(wait);
      co_await UseChannel(wait);
      co_await UseScopes(wait);
    }
  }

  Co<> UseLocks(WaitOptions wait) {
    const absl::StatusOr<Held> lock = co_await Lock(mutex_, wait);
    (co_await Sleep(1, &token_)).IgnoreError();
    const absl::StatusOr<Held> permits = co_await Acquire(semaphore_, 2, wait);
    const absl::StatusOr<Held> reads = co_await LockRead(rwlock_, wait);
    (co_await Yield()).IgnoreError();
  }

  Co<> UseMeetings(WaitOptions wait) {
    {
      absl::StatusOr<Held> lock = co_await Lock(mutex_, wait);
      if (lock.ok()) {
        (co_await Wait(condition_, mutex_, *lock, wait)).IgnoreError();
        EXPECT_TRUE(*lock);
        EXPECT_TRUE(mutex_.locked());
      }
    }
    const absl::StatusOr<Held> writes = co_await LockWrite(rwlock_, wait);
    (co_await Wait(event_, wait)).IgnoreError();
    event_.Clear();
  }

  Co<> UseChannel(WaitOptions wait) {
    const absl::StatusOr<int> number = co_await Receive(channel_, wait);
    if (number.ok()) received_ += *number;
    const absl::Status sent = co_await Send(channel_, kMessage, wait);
    if (sent.ok()) sent_ += kMessage;
  }

  Co<> UseScopes(WaitOptions wait) {
    auto body = [&](Scope& scope) -> Co<> {
      Spawn(scope, "", [&] { return UseLocks(wait); });
      co_await UseChannel(wait);
    };
    (co_await WithScope({.timeout = 5}, body)).IgnoreError();
    const auto locks = [&] { return UseLocks(wait); };
    (co_await WithTimeout(2, locks, 1)).IgnoreError();
    co_await WhenAny(UseLocks(wait), UseMeetings(wait));
    (co_await WhenAll(UseLocks(wait), UseMeetings(wait)))
        .status()
        .IgnoreError();
  }

  // Until the victim has ended: messages, notices, and signals.
  Co<> Feed(CoTask& victim) {
    while (!victim.ended()) {
      if (world_.loop.now() > kPatience) {
        ADD_FAILURE() << "stuck, waiting for " << victim.DescribeWait();
        victim.Abort();
      }
      condition_.Notify(1);
      event_.Set();
      const absl::Status sent = co_await Send(channel_, 1, {.timeout = 2});
      if (sent.ok()) sent_ += 1;
      (co_await Sleep(1)).IgnoreError();
    }
    channel_.Close();
  }

  Co<> Drain() {
    for (;;) {
      (co_await Sleep(2)).IgnoreError();
      const absl::StatusOr<int> number = co_await Receive(channel_);
      if (!number.ok()) co_return;
      received_ += *number;
    }
  }

  // Holds in turn whatever the victim may want.
  Co<> Rival(const CoTask& victim) {
    while (!victim.ended()) {
      {
        const absl::StatusOr<Held> lock = co_await Lock(mutex_);
        const absl::StatusOr<Held> permit = co_await Acquire(semaphore_);
        (co_await Sleep(1)).IgnoreError();
      }
      const absl::StatusOr<Held> writes = co_await LockWrite(rwlock_);
      (co_await Sleep(1)).IgnoreError();
    }
  }

  void ExpectNothingLeft() {
    EXPECT_FALSE(mutex_.locked());
    EXPECT_EQ(semaphore_.available(), semaphore_.total());
    EXPECT_TRUE(rwlock_.TryWrite());
    EXPECT_EQ(condition_.waiting() + event_.waiting(), 0u);
    EXPECT_EQ(channel_.senders() + channel_.receivers(), 0u);
    EXPECT_TRUE(token_.empty());
    EXPECT_EQ(world_.loop.stats().timers, 0u);
  }

  FakeWorld world_;
  CancelToken token_;
  Mutex mutex_;
  Semaphore semaphore_{2};
  RwLock rwlock_;
  Condition condition_;
  Event event_;
  Channel<int> channel_{1};
  int64_t sent_ = 0;
  int64_t received_ = 0;
};

class CoTortureTest : public ::testing::TestWithParam<Cut> {};

TEST_P(CoTortureTest, WhateverCutsAVictimShortLeavesNothingBehind) {
  int cuts = 0;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    for (int moment = 0; moment < 400; ++moment) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", moment " +
                   std::to_string(moment));
      cuts += Torture(seed).Run(GetParam(), moment);
      ASSERT_FALSE(HasFailure());
    }
  }
  EXPECT_GT(cuts, 100);
}

INSTANTIATE_TEST_SUITE_P(Cuts, CoTortureTest,
                         ::testing::Values(Cut::kCancel, Cut::kAbort,
                                           Cut::kToken, Cut::kTimeout));

}  // namespace
}  // namespace lev
