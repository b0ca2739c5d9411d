#include "lev/task/co_sync.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lev/task/co.h"
#include "lev/task/co_verbs.h"
#include "lev/task/task_error.h"
#include "tests/support/co_world.h"

namespace lev {
namespace {

class CoSyncTest : public CoWorld {};

TEST_F(CoSyncTest, MessagesArriveInOrder) {
  Channel<int> channel(0);
  auto sender = [&]() -> Co<> {
    for (int i = 1; i <= 3; ++i) EXPECT_TRUE((co_await Send(channel, i)).ok());
    channel.Close();
  };
  auto receiver = [&]() -> Co<> {
    for (;;) {
      absl::StatusOr<int> number = co_await Receive(channel);
      if (!number.ok()) {
        EXPECT_EQ(number.status(), ChannelClosedError());
        break;
      }
      trace_ += std::to_string(*number);
    }
  };
  Start(sender);
  Start(receiver);
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "123");
}

TEST_F(CoSyncTest, AReceiveHasATimeout) {
  Channel<int> channel(1);
  auto receiver = [&]() -> Co<absl::Status> {
    absl::StatusOr<int> number = co_await Receive(channel, {.timeout = 5});
    co_return number.status();
  };
  EXPECT_EQ(Result(receiver), TimedOutError());
  EXPECT_EQ(channel.receivers(), 0u);
}

TEST_F(CoSyncTest, AMessageIsNotLostWithAnAbortedReceiver) {
  Channel<std::unique_ptr<int>> channel(0);
  auto receiver = [&]() -> Co<int> {
    absl::StatusOr<std::unique_ptr<int>> got = co_await Receive(channel);
    co_return **got;
  };
  auto first = Start(receiver);
  auto second = Start(receiver);
  Start([&]() -> Co<> {
    EXPECT_TRUE((co_await Send(channel, std::make_unique<int>(7))).ok());
    first.Abort();
  });
  EXPECT_TRUE(Run());
  EXPECT_EQ(second.outcome().value(), 7);
}

TEST_F(CoSyncTest, ASenderThatGivesUpTakesItsMessageAlong) {
  Channel<int> channel(0);
  auto sender = [&]() -> Co<absl::Status> {
    absl::Status sent = co_await Send(channel, 1, {.timeout = 5});
    co_return sent;
  };
  EXPECT_EQ(Result(sender), TimedOutError());
  EXPECT_EQ(channel.senders(), 0u);
}

TEST_F(CoSyncTest, ALockIsGivenBackWhenItGoes) {
  Mutex mutex;
  auto body = [&](char letter) -> Co<> {
    const absl::StatusOr<Held> lock = co_await Lock(mutex);
    trace_ += letter;
    (co_await Sleep(kSecond)).IgnoreError();
    trace_ += letter;
  };
  Start(body, 'a');
  Start(body, 'b');
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "aabb");
  EXPECT_FALSE(mutex.locked());
}

TEST_F(CoSyncTest, AnAbortedTaskGivesItsLockBack) {
  Mutex mutex;
  auto body = [&]() -> Co<> {
    const absl::StatusOr<Held> lock = co_await Lock(mutex);
    (co_await Sleep(kSecond)).IgnoreError();
  };
  auto handle = Start(body);
  At(1, [&] { handle.Abort(); });
  EXPECT_TRUE(Run());
  EXPECT_FALSE(mutex.locked());
}

TEST_F(CoSyncTest, AGrantToOneWhoIsAbortedGoesToTheNext) {
  Mutex mutex;
  auto body = [&](char letter) -> Co<> {
    const absl::StatusOr<Held> lock = co_await Lock(mutex);
    trace_ += letter;
  };
  EXPECT_TRUE(mutex.TryLock());
  auto second = Start(body, 'b');
  auto third = Start(body, 'c');
  At(1, [&] {
    mutex.Unlock();
    second.Abort();
  });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "c");
}

TEST_F(CoSyncTest, PermitsAddUp) {
  Semaphore semaphore(3);
  auto body = [&](size_t permits) -> Co<> {
    const absl::StatusOr<Held> held = co_await Acquire(semaphore, permits);
    (co_await Sleep(kSecond)).IgnoreError();
  };
  Start(body, 2);
  Start(body, 3);
  Start(body, 1);
  EXPECT_TRUE(Run());
  EXPECT_EQ(loop_.now(), 3 * kSecond);
  EXPECT_EQ(semaphore.available(), 3u);
}

TEST_F(CoSyncTest, ReadersShareAndAWriterDoesNot) {
  RwLock lock;
  auto reader = [&]() -> Co<> {
    const absl::StatusOr<Held> held = co_await LockRead(lock);
    trace_ += 'r';
    (co_await Sleep(kSecond)).IgnoreError();
  };
  auto writer = [&]() -> Co<> {
    const absl::StatusOr<Held> held = co_await LockWrite(lock);
    trace_ += 'w';
    (co_await Sleep(kSecond)).IgnoreError();
  };
  Start(reader);
  Start(reader);
  Start(writer);
  Start(reader);
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "rrwr");
  EXPECT_EQ(loop_.now(), 3 * kSecond);
}

TEST_F(CoSyncTest, EventsGroupsAndBarriersAreWaitedFor) {
  Event event;
  WaitGroup group;
  Barrier barrier(2);
  group.Add(1);
  auto first = [&]() -> Co<> {
    EXPECT_TRUE((co_await Wait(event)).ok());
    trace_ += 'e';
    group.Done();
    EXPECT_TRUE((co_await Wait(barrier)).ok());
    trace_ += 'b';
  };
  auto second = [&]() -> Co<> {
    EXPECT_TRUE((co_await Wait(group)).ok());
    trace_ += 'g';
    EXPECT_TRUE((co_await Wait(barrier)).ok());
  };
  Start(first);
  Start(second);
  At(1, [&] { event.Set(); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "egb");
}

TEST_F(CoSyncTest, AConditionIsWaitedForWithoutTheLock) {
  Mutex mutex;
  Condition condition;
  int stock = 0;
  auto buyer = [&]() -> Co<> {
    absl::StatusOr<Held> lock = co_await Lock(mutex);
    while (stock == 0) {
      EXPECT_TRUE((co_await Wait(condition, mutex, *lock)).ok());
    }
    EXPECT_TRUE(mutex.locked());
    --stock;
  };
  auto seller = [&]() -> Co<> {
    const absl::StatusOr<Held> lock = co_await Lock(mutex);
    ++stock;
    condition.Notify(1);
  };
  auto bought = Start(buyer);
  At(1, [&] { Start(seller); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(stock, 0);
  EXPECT_FALSE(mutex.locked());
}

TEST_F(CoSyncTest, WhoTimesOutAtAConditionHasTheLockAgain) {
  Mutex mutex;
  Condition condition;
  auto body = [&]() -> Co<absl::Status> {
    absl::StatusOr<Held> lock = co_await Lock(mutex);
    absl::Status status =
        co_await Wait(condition, mutex, *lock, {.timeout = 5});
    EXPECT_TRUE(mutex.locked());
    co_return status;
  };
  EXPECT_EQ(Result(body), TimedOutError());
  EXPECT_FALSE(mutex.locked());
}

TEST_F(CoSyncTest, WhoIsAbortedAtAConditionTakesNobodysLock) {
  Mutex mutex;
  Condition condition;
  auto body = [&]() -> Co<> {
    absl::StatusOr<Held> lock = co_await Lock(mutex);
    (co_await Wait(condition, mutex, *lock)).IgnoreError();
  };
  auto handle = Start(body);
  At(1, [&] {
    EXPECT_TRUE(mutex.TryLock());
    handle.Abort();
    EXPECT_TRUE(mutex.locked());
  });
  EXPECT_TRUE(Run());
}

TEST_F(CoSyncTest, WhoWasCancelledBeforeAConditionHasTheLockAgain) {
  Mutex mutex;
  Condition condition;
  auto body = [&]() -> Co<absl::Status> {
    absl::StatusOr<Held> lock = co_await Lock(mutex);
    (co_await CurrentTask()).Cancel(nullptr);
    absl::Status status = co_await Wait(condition, mutex, *lock);
    EXPECT_TRUE(mutex.locked());
    co_return status;
  };
  EXPECT_TRUE(absl::IsCancelled(Result(body)));
  EXPECT_FALSE(mutex.locked());
}

TEST_F(CoSyncTest, ATokenCancelledBeforeAConditionLeavesTheLockAsItIs) {
  Mutex mutex;
  Condition condition;
  CancelToken token;
  token.Cancel();
  auto body = [&]() -> Co<absl::Status> {
    absl::StatusOr<Held> lock = co_await Lock(mutex);
    absl::Status status =
        co_await Wait(condition, mutex, *lock, {.cancel = &token});
    EXPECT_TRUE(mutex.locked());
    co_return status;
  };
  EXPECT_TRUE(absl::IsCancelled(Result(body)));
  EXPECT_FALSE(mutex.locked());
}

}  // namespace
}  // namespace lev
