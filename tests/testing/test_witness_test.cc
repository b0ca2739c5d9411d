// Who looks on sees what is taken and not given back, and failures that nobody
// hears of.

#include "lev/testing/test_witness.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/task/co.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_sync.h"
#include "lev/task/co_verbs.h"
#include "lev/task/scope.h"
#include "lev/task/semaphore.h"
#include "lev/task/turn.h"
#include "lev/testing/test_world.h"

namespace lev {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class TestWitnessTest : public ::testing::Test {
 protected:
  // Takes something, and keeps it.
  template <typename Lock>
  Co<absl::Status> Keep(Lock take) {
    absl::StatusOr<Held> held = co_await take();
    kept_.push_back(*std::move(held));
    co_return absl::OkStatus();
  }

  // What is left, when a task named "taker" has done so.
  template <typename Lock>
  std::string Taken(Lock take) {
    Spawn(world_.root(), "taker",
          [this, take]() mutable { return Keep(std::move(take)); });
    return std::string(world_.Run().message());
  }

  static Co<absl::Status> Fail() {
    co_return absl::UnavailableError("out of order");
  }

  std::string CheckLeaks() {
    return std::string(world_.CheckLeaks().message());
  }

  Semaphore semaphore_{3};
  Mutex mutex_;
  RwLock rwlock_;
  std::vector<Held> kept_;
  TestWorld world_;  // Goes first: tasks may wait for the others.
};

constexpr char kLeft[] = "seed 0: left at the end:\n  ";
constexpr char kByTaker[] = " not released, last taken by task #1 \"taker\"";

TEST_F(TestWitnessTest, PermitsThatWereNotReleasedAreTold) {
  EXPECT_EQ(Taken([this] { return Acquire(semaphore_, 2); }),
            absl::StrCat(kLeft, "2 of 3 permits of a semaphore", kByTaker));
  kept_.clear();
  EXPECT_EQ(CheckLeaks(), "");
}

TEST_F(TestWitnessTest, AMutexThatIsStillLockedIsTold) {
  EXPECT_EQ(Taken([this] { return Lock(mutex_); }),
            absl::StrCat(kLeft, "a lock", kByTaker));
}

TEST_F(TestWitnessTest, ALockThatIsStillReadOrWrittenIsTold) {
  EXPECT_EQ(Taken([this] { return LockRead(rwlock_); }),
            absl::StrCat(kLeft, "a lock, for reading by 1", kByTaker));
  kept_.clear();
  EXPECT_EQ(Taken([this] { return LockWrite(rwlock_); }),
            absl::StrCat(kLeft,
                         "a lock, for writing not released, last taken "
                         "by task #2 \"taker\""));
}

TEST_F(TestWitnessTest, WhatGoesWithItsPermitsTakenIsTold) {
  auto local = std::make_unique<Semaphore>(2);
  world_.Watch(*local);
  ASSERT_TRUE(local->TryAcquire(2));
  local.reset();
  EXPECT_EQ(CheckLeaks(),
            absl::StrCat(kLeft, "2 of 2 permits of a semaphore not released"));
}

TEST_F(TestWitnessTest, WhatWasHeldBeforeIsNotTheTests) {
  ASSERT_TRUE(semaphore_.TryAcquire());
  EXPECT_EQ(Taken([this]() -> Co<absl::StatusOr<Held>> {
              absl::StatusOr<Held> held = co_await Acquire(semaphore_);
              co_return Held();
            }),
            "");
}

TEST_F(TestWitnessTest, WhatIsTakenWithoutCoroutinesIsToldIfItIsShown) {
  world_.Watch(semaphore_);
  world_.Watch(mutex_);
  ASSERT_TRUE(semaphore_.TryAcquire());
  ASSERT_TRUE(mutex_.TryLock());
  EXPECT_EQ(CheckLeaks(),
            absl::StrCat(kLeft, "1 of 3 permits of a semaphore not released\n",
                         "  a lock not released"));
}

TEST_F(TestWitnessTest, WhoStillWaitsIsTold) {
  world_.Watch(semaphore_);
  Turn turn("a semaphore");
  ASSERT_TRUE(semaphore_.TryAcquire(3));
  ASSERT_TRUE(semaphore_.Acquire(turn).blocked());
  EXPECT_EQ(CheckLeaks(),
            absl::StrCat(kLeft, "3 of 3 permits of a semaphore not released; ",
                         "1 still waiting"));
}

TEST_F(TestWitnessTest, LocksMayOutliveTheWorld) {
  Semaphore semaphore(1);
  std::vector<Held> kept;
  {
    TestWorld world;
    Spawn(world.root(), "", [&]() -> Co<> {
      absl::StatusOr<Held> held = co_await Acquire(semaphore);
      kept.push_back(*std::move(held));
    });
    EXPECT_THAT(std::string(world.Run().message()), HasSubstr("a lock"));
  }
  EXPECT_EQ(semaphore.witness(), nullptr);
}

constexpr char kUnheard[] = " failed, and nobody awaited it: out of order";

TEST_F(TestWitnessTest, AFailureWhoseHandleWasDroppedIsTold) {
  Spawn(world_.root(), "server", Fail);
  EXPECT_EQ(world_.Run().message(),
            absl::StrCat(kLeft, "task #1 \"server\"", kUnheard));
}

TEST_F(TestWitnessTest, AFailureThatNobodyAskedForIsToldWhenItsHandleGoes) {
  {
    auto server = Spawn(world_.root(), "server", Fail);
    EXPECT_TRUE(world_.Run().ok()) << "somebody may ask yet";
  }
  EXPECT_EQ(CheckLeaks(), absl::StrCat(kLeft, "task #1 \"server\"", kUnheard));
}

TEST_F(TestWitnessTest, AFailureThatSomebodyAskedForIsHeard) {
  {
    auto server = Spawn(world_.root(), "server", Fail);
    EXPECT_TRUE(world_.Run().ok());
    EXPECT_EQ(server.outcome().message(), "out of order");
  }
  EXPECT_EQ(CheckLeaks(), "");
}

TEST_F(TestWitnessTest, AFailureThatSomebodyAwaitedIsHeard) {
  Spawn(world_.root(), "main", [this]() -> Co<> {
    auto during = Spawn(world_.root(), "", Fail);
    (co_await during.Join()).IgnoreError();
    auto before = Spawn(world_.root(), "", Fail);
    (co_await Yield()).IgnoreError();
    (co_await Join(before.task())).IgnoreError();
  });
  EXPECT_EQ(world_.Run(), absl::OkStatus());
}

TEST_F(TestWitnessTest, AScopeHearsOfTheFailuresThatEndIt) {
  auto opener = Spawn(world_.root(), "opener", []() -> Co<absl::Status> {
    co_return co_await WithScope([](Scope& scope) -> Co<absl::Status> {
      Spawn(scope, "", Fail);
      co_return absl::OkStatus();
    });
  });
  EXPECT_EQ(world_.Run(), absl::OkStatus());
  EXPECT_EQ(opener.outcome().message(), "out of order");
}

TEST_F(TestWitnessTest, AScopeThatCollectsDoesNot) {
  Spawn(world_.root(), "opener", []() -> Co<absl::Status> {
    co_return co_await WithScope({.policy = Scope::Policy::kCollect},
                                 [](Scope& scope) -> Co<absl::Status> {
                                   Spawn(scope, "child", Fail);
                                   co_return absl::OkStatus();
                                 });
  });
  EXPECT_EQ(world_.Run().message(),
            absl::StrCat(kLeft, "task #2 \"child\"", kUnheard));
}

TEST_F(TestWitnessTest, AHangTellsOfTheFailuresBeforeIt) {
  ASSERT_TRUE(mutex_.TryLock());
  Spawn(world_.root(), "server", Fail);
  Spawn(world_.root(), "client",
        [this]() -> Co<> { (co_await Lock(mutex_)).IgnoreError(); });
  const std::string told(world_.Run().message());
  EXPECT_THAT(told, StartsWith("seed 0: deadlock: task #2 \"client\""));
  EXPECT_THAT(told, HasSubstr(absl::StrCat("\ntask #1 \"server\"", kUnheard,
                                           "\n=== LEV task dump ===")));
}

}  // namespace
}  // namespace lev
