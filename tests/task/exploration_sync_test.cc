// Tests lev/task/semaphore.h and lev/task/rendezvous.h in every order that the
// loop allows: permits are conserved, and everybody wakes.

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "lev/task/rendezvous.h"
#include "lev/task/semaphore.h"
#include "lev/task/turn.h"
#include "tests/support/explore.h"
#include "tests/support/explorer.h"
#include "tests/support/small_program.h"

namespace lev {
namespace {

// Callers who wait for a grant; those who hold something let go a turn later.
class Grants {
 public:
  explicit Grants(Explorer& explorer) : program(explorer) {}

  using Ask = std::function<Step(Turn&)>;

  Caller& Call(Ask ask, std::function<void()> let_go = nullptr) {
    Turn& turn = turns_.emplace_back("a grant");
    Caller& caller = program.Call([&turn, ask] { return ask(turn); },
                                  [&turn] { turn.Withdraw(); });
    if (let_go) {
      caller.then = [this, let_go] { program.After(0, let_go); };
    }
    return caller;
  }

  Turn& turn(size_t index) { return turns_[index]; }

 private:
  std::deque<Turn> turns_;

 public:
  SmallProgram program;
};

// Everybody gets through, except the one who is cancelled, perhaps.
void ExpectAllThrough(Grants& grants, const std::vector<Caller*>& others) {
  EXPECT_EQ(grants.program.blocked(), 0);
  for (const Caller* caller : others) EXPECT_TRUE(caller->done());
}

TEST(SyncExploration, AMutexIsHeldByOneAtATime) {
  Explore([](Explorer& explorer) {
    Mutex mutex;
    int inside = 0;
    Grants grants(explorer);
    std::vector<Caller*> callers;
    for (int i = 0; i < 3; ++i) {
      callers.push_back(&grants.Call(
          [&mutex, &inside](Turn& turn) {
            const Step step = mutex.Lock(turn);
            if (step.done()) ++inside;
            EXPECT_LE(inside, 1);
            return step;
          },
          [&mutex, &inside] {
            --inside;
            EXPECT_TRUE(mutex.Unlock());
          }));
    }
    grants.program.Strike(*callers[1], 2);

    grants.program.Run();

    ExpectAllThrough(grants, {callers[0], callers[2]});
    EXPECT_FALSE(mutex.locked());
    EXPECT_EQ(mutex.waiting(), 0);
  });
}

TEST(SyncExploration, ASemaphoreConservesItsPermits) {
  Explore([](Explorer& explorer) {
    constexpr size_t kWeights[] = {2, 3, 1};
    Semaphore semaphore(3);
    Grants grants(explorer);
    std::vector<Caller*> callers;
    size_t held = 0;  // By those who know that they hold it.
    for (const size_t weight : kWeights) {
      callers.push_back(&grants.Call(
          [&semaphore, &held, weight](Turn& turn) {
            const Step step = semaphore.Acquire(turn, weight);
            if (step.done()) held += weight;
            return step;
          },
          [&semaphore, &held, weight] {
            held -= weight;
            EXPECT_TRUE(semaphore.Release(weight));
          }));
    }
    grants.program.CheckAlways([&] {
      size_t promised = 0;
      for (size_t i = 0; i < 3; ++i) {
        if (grants.turn(i).granted()) promised += kWeights[i];
      }
      EXPECT_EQ(semaphore.available() + held + promised, 3);
    });
    grants.program.Strike(*callers[1], 3);

    grants.program.Run();

    ExpectAllThrough(grants, {callers[0], callers[2]});
    EXPECT_EQ(semaphore.available(), 3);
  });
}

TEST(SyncExploration, NobodyOvertakesInASemaphore) {
  Explore([](Explorer& explorer) {
    Semaphore semaphore(2);
    ASSERT_TRUE(semaphore.TryAcquire(2));
    Grants grants(explorer);
    std::vector<size_t> came;
    std::vector<Caller*> callers;
    for (size_t i = 0; i < 3; ++i) {
      callers.push_back(&grants.Call([&, i](Turn& turn) {
        const bool first = turn.state() == Turn::State::kIdle;
        const Step step = semaphore.Acquire(turn, i == 0 ? 2 : 1);
        if (first && step.blocked()) came.push_back(i);
        EXPECT_TRUE(!first || step.blocked() || semaphore.waiting() == 0);
        return step;
      }));
    }
    grants.program.CheckAlways([&] {
      bool somebody_waits = false;
      for (const size_t i : came) {
        EXPECT_FALSE(grants.turn(i).granted() && somebody_waits);
        if (grants.turn(i).queued()) somebody_waits = true;
      }
    });
    for (int i = 0; i < 2; ++i) {
      grants.program.Sometime(1, [&semaphore] { semaphore.Release(1); });
    }
    grants.program.Strike(*callers[0], 2);

    grants.program.Run();
    // Nobody waits who could go on.
    for (const size_t i : came) {
      if (!grants.turn(i).queued()) continue;
      EXPECT_LT(semaphore.available(), i == 0 ? 2 : 1);
      break;
    }
    while (grants.program.blocked() > 0 && semaphore.Release(1)) {
      grants.program.Run();
    }

    ExpectAllThrough(grants, {callers[1], callers[2]});
  });
}

TEST(SyncExploration, AWriterIsAlone) {
  Explore([](Explorer& explorer) {
    RwLock lock;
    int reading = 0;
    int writing = 0;
    Grants grants(explorer);
    const auto reader = [&]() -> Caller& {
      return grants.Call(
          [&](Turn& turn) {
            const Step step = lock.Read(turn);
            if (step.done()) ++reading;
            return step;
          },
          [&] {
            --reading;
            EXPECT_TRUE(lock.UnlockRead());
          });
    };
    const auto writer = [&]() -> Caller& {
      return grants.Call(
          [&](Turn& turn) {
            const Step step = lock.Write(turn);
            if (step.done()) ++writing;
            return step;
          },
          [&] {
            --writing;
            EXPECT_TRUE(lock.UnlockWrite());
          });
    };
    Caller& first = reader();
    Caller& cancelled = writer();
    Caller& second = reader();
    Caller& other = writer();
    grants.program.CheckAlways([&] {
      EXPECT_LE(writing, 1);
      EXPECT_TRUE(writing == 0 || reading == 0);
    });
    grants.program.Strike(cancelled, 2);

    grants.program.Run();

    ExpectAllThrough(grants, {&first, &second, &other});
    EXPECT_EQ(lock.readers() + lock.waiting(), 0);
    EXPECT_FALSE(lock.writing());
  });
}

TEST(SyncExploration, AnEventThatIsClearedAtOnceHasLetAllGo) {
  Explore([](Explorer& explorer) {
    Event event;
    Grants grants(explorer);
    const auto wait = [&event](Turn& turn) { return event.Wait(turn); };
    Caller& one = grants.Call(wait);
    Caller& other = grants.Call(wait);
    grants.program.Sometime(1, [&one] { one.Cancel(); });
    grants.program.Sometime(2, [&] {
      const size_t waiting = event.waiting();
      const size_t done = (one.done() ? 1 : 0) + (other.done() ? 1 : 0);
      event.Set();
      event.Clear();
      EXPECT_EQ(event.waiting(), 0);
      grants.program.After(2, [&, waiting, done] {
        const size_t now = (one.done() ? 1 : 0) + (other.done() ? 1 : 0);
        EXPECT_EQ(now, done + waiting) << "result beats cancel";
        event.Set();
      });
    });

    grants.program.Run();

    ExpectAllThrough(grants, {&other});
  });
}

TEST(SyncExploration, ANoticeOfAConditionIsNotLost) {
  Explore([](Explorer& explorer) {
    Condition condition;
    Grants grants(explorer);
    const auto wait = [&condition](Turn& turn) { return condition.Wait(turn); };
    Caller& one = grants.Call(wait);
    Caller& other = grants.Call(wait);
    grants.program.Strike(one, 2);
    size_t told = 0;
    size_t waited = 0;
    grants.program.Sometime(2, [&] {
      waited = condition.waiting();
      told = condition.Notify(1);
    });

    grants.program.Run();

    EXPECT_LE(told, waited);
    EXPECT_TRUE(waited < 2 || one.done() || other.done());
    EXPECT_FALSE(one.done() && other.done());
    condition.Notify(2);
    grants.program.Run();
    EXPECT_TRUE(other.done());
  });
}

TEST(SyncExploration, ABarrierOpensForWholeGroups) {
  Explore([](Explorer& explorer) {
    Barrier barrier(2);
    Grants grants(explorer);
    const auto wait = [&barrier](Turn& turn) { return barrier.Wait(turn); };
    Caller& one = grants.Call(wait);
    Caller& two = grants.Call(wait);
    Caller& three = grants.Call(wait);
    grants.program.Sometime(2, [&one] { one.Cancel(); });

    grants.program.Run();

    const int through =
        (one.done() ? 1 : 0) + (two.done() ? 1 : 0) + (three.done() ? 1 : 0);
    EXPECT_EQ(through, 2);
    EXPECT_EQ(barrier.waiting(), grants.program.blocked());
  });
}

TEST(SyncExploration, AWaitGroupEndsWithTheLast) {
  Explore([](Explorer& explorer) {
    WaitGroup group;
    ASSERT_TRUE(group.Add(2));
    Grants grants(explorer);
    const auto wait = [&group](Turn& turn) { return group.Wait(turn); };
    Caller& one = grants.Call(wait);
    Caller& other = grants.Call(wait);
    for (int i = 0; i < 2; ++i) {
      grants.program.Sometime(1, [&group] { EXPECT_TRUE(group.Done()); });
    }
    grants.program.Strike(one, 1);
    grants.program.CheckAlways(
        [&] { EXPECT_TRUE(group.count() == 0 || !other.done()); });

    grants.program.Run();

    ExpectAllThrough(grants, {&other});
    EXPECT_EQ(group.waiting(), 0);
  });
}

}  // namespace
}  // namespace lev
