#include "lev/task/semaphore.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "tests/support/caller.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

// A call that waits for permits, and then holds them.
struct Holder {
  Holder(EventLoop& loop, Semaphore& semaphore, size_t wanted,
         Instant deadline = kNever)
      : permits(wanted),
        caller(
            loop,
            [this, &semaphore] { return semaphore.Acquire(turn, permits); },
            deadline) {
    caller.give_up = [this] { turn.Withdraw(); };
  }

  // What the semaphore has given it.
  size_t held() const { return caller.done() || turn.granted() ? permits : 0; }

  const size_t permits;
  Turn turn{"a semaphore"};
  Caller caller;
};

class SemaphoreTest : public ::testing::Test {
 protected:
  Holder& Acquire(size_t permits = 1, Instant deadline = kNever) {
    holders_.push_back(
        std::make_unique<Holder>(world_.loop, semaphore_, permits, deadline));
    Settle();
    return *holders_.back();
  }
  void Settle() { world_.loop.Run().IgnoreError(); }

  FakeWorld world_;
  Semaphore semaphore_{3};
  std::vector<std::unique_ptr<Holder>> holders_;
};

TEST_F(SemaphoreTest, GivesWhatItHas) {
  EXPECT_TRUE(semaphore_.TryAcquire(2));
  EXPECT_FALSE(semaphore_.TryAcquire(2));
  EXPECT_EQ(semaphore_.available(), 1);
}

TEST_F(SemaphoreTest, TakesBackNoMoreThanItGave) {
  ASSERT_TRUE(semaphore_.TryAcquire(2));
  EXPECT_FALSE(semaphore_.Release(3));
  EXPECT_TRUE(semaphore_.Release(2));
  EXPECT_EQ(semaphore_.available(), 3);
}

TEST_F(SemaphoreTest, ServesInTheOrderOfComing) {
  Acquire(3);
  const Holder& large = Acquire(2);
  const Holder& small = Acquire(1);

  semaphore_.Release(1);
  Settle();
  EXPECT_TRUE(small.caller.blocked());
  EXPECT_FALSE(semaphore_.TryAcquire(1));

  semaphore_.Release(2);
  Settle();
  EXPECT_TRUE(large.caller.done());
  EXPECT_TRUE(small.caller.done());
}

TEST_F(SemaphoreTest, OneWhoGivesUpLetsOthersGoAhead) {
  Acquire(2);
  const Holder& large = Acquire(3, 5 * kSecond);
  const Holder& small = Acquire(1);
  Settle();
  EXPECT_TRUE(large.caller.gave_up());
  EXPECT_TRUE(small.caller.done());
}

TEST_F(SemaphoreTest, APermitGrantedToTheDeadGoesToTheNext) {
  Acquire(3);
  Holder& dead = Acquire();
  const Holder& next = Acquire();
  semaphore_.Release(1);
  ASSERT_TRUE(dead.turn.granted());

  dead.turn.Withdraw();
  dead.caller.Cancel();

  EXPECT_TRUE(next.turn.granted());
}

TEST_F(SemaphoreTest, AGrantBeatsACancelInTheSameTurn) {
  Acquire(3);
  Holder& holder = Acquire();
  semaphore_.Release(1);
  holder.caller.Cancel();
  Settle();
  EXPECT_TRUE(holder.caller.done());
}

// Free and held always add up, whoever comes, goes and gives up.
TEST(SemaphoreConservationTest, ConservesItsPermits) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    FakeWorld world(seed);
    Semaphore semaphore(3);
    std::vector<std::unique_ptr<Holder>> holders;
    uint64_t random = seed;
    for (int i = 0; i < 60; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const auto choice = random >> 61;
      const auto pick = (random >> 32) & 0xffff;
      if (choice < 3 || holders.empty()) {
        holders.push_back(
            std::make_unique<Holder>(world.loop, semaphore, 1 + pick % 3));
      } else if (choice < 5) {
        const auto victim = holders.begin() + pick % holders.size();
        if ((*victim)->caller.done()) semaphore.Release((*victim)->permits);
        holders.erase(victim);
      } else if (choice == 5) {
        holders[pick % holders.size()]->caller.Cancel();
      } else {
        world.loop.Run().IgnoreError();
      }
      size_t held = 0;
      for (const auto& holder : holders) held += holder->held();
      ASSERT_EQ(held + semaphore.available(), 3) << "seed " << seed;
    }
  }
}

TEST(MutexTest, HasOneHolder) {
  Mutex mutex;
  EXPECT_TRUE(mutex.TryLock());
  EXPECT_FALSE(mutex.TryLock());
  EXPECT_TRUE(mutex.Unlock());
  EXPECT_FALSE(mutex.Unlock());
}

class RwLockTest : public ::testing::Test {
 protected:
  RwLock lock_;
  Turn reader_{"reading"};
  Turn second_{"reading"};
  Turn writer_{"writing"};
};

TEST_F(RwLockTest, ManyReadOrOneWrites) {
  EXPECT_TRUE(lock_.TryRead());
  EXPECT_TRUE(lock_.TryRead());
  EXPECT_FALSE(lock_.TryWrite());
  lock_.UnlockRead();
  lock_.UnlockRead();
  EXPECT_TRUE(lock_.TryWrite());
  EXPECT_FALSE(lock_.TryRead());
}

TEST_F(RwLockTest, AWaitingWriterGoesBeforeLaterReaders) {
  ASSERT_TRUE(lock_.TryRead());
  ASSERT_TRUE(lock_.Write(writer_).blocked());
  EXPECT_FALSE(lock_.TryRead());
  ASSERT_TRUE(lock_.Read(reader_).blocked());

  lock_.UnlockRead();
  EXPECT_TRUE(lock_.Write(writer_).done());
  EXPECT_TRUE(lock_.Read(reader_).blocked());

  lock_.UnlockWrite();
  EXPECT_TRUE(lock_.Read(reader_).done());
}

TEST_F(RwLockTest, AWriterWhoGivesUpLetsTheReadersIn) {
  ASSERT_TRUE(lock_.TryRead());
  ASSERT_TRUE(lock_.Write(writer_).blocked());
  ASSERT_TRUE(lock_.Read(reader_).blocked());
  ASSERT_TRUE(lock_.Read(second_).blocked());

  writer_.Withdraw();

  EXPECT_TRUE(lock_.Read(reader_).done());
  EXPECT_TRUE(lock_.Read(second_).done());
  EXPECT_EQ(lock_.readers(), 3);
}

TEST_F(RwLockTest, WhatTheDeadWereGrantedIsGivenBack) {
  ASSERT_TRUE(lock_.TryWrite());
  ASSERT_TRUE(lock_.Write(writer_).blocked());
  ASSERT_TRUE(lock_.Read(reader_).blocked());
  lock_.UnlockWrite();
  ASSERT_TRUE(writer_.granted());

  writer_.Withdraw();
  EXPECT_TRUE(reader_.granted());
  reader_.Withdraw();
  EXPECT_TRUE(lock_.TryWrite());
}

}  // namespace
}  // namespace lev
