// Waiters that serve others, and the waiter that is fired out of turn. Tests
// lev/loop/event_loop.cc.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

// Serves in the background.
class Servant final : public Waiter {
 public:
  explicit Servant(EventLoop& loop, std::function<void()> body = nullptr)
      : Waiter(loop), body_(std::move(body)) {
    ServeInBackground();
  }
  int runs() const { return runs_; }

 private:
  void Run() override {
    ++runs_;
    if (body_) body_();
  }

  const std::function<void()> body_;
  int runs_ = 0;
};

class BackgroundTest : public testing::Test {
 protected:
  // A descriptor nothing has happened to.
  int Open(FdWatch& watch) {
    const int fd = world_.fake.Open();
    world_.fake.MakeUnwritable(fd);
    watch.Open(loop_, fd);
    EXPECT_TRUE(watch.Register().ok());
    return fd;
  }

  Bell bell_;
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
};

TEST_F(BackgroundTest, ARunEndsAlthoughItStillWaits) {
  FdWatch watch;
  Open(watch);
  Servant on_bell(loop_);
  Servant on_fd(loop_);
  Servant on_time(loop_);
  loop_.Park(on_bell, bell_);
  loop_.Park(on_fd, watch.readers());
  loop_.Park(on_time, {}, kSecond);

  EXPECT_TRUE(loop_.Run().ok());

  EXPECT_EQ(loop_.now(), 0);
  EXPECT_EQ(on_bell.runs() + on_fd.runs() + on_time.runs(), 0);
  EXPECT_EQ(loop_.stats().parked, 0u);
}

TEST_F(BackgroundTest, WhileOthersLiveItServesThem) {
  Servant servant(loop_, [&] { bell_.FireAll(); });
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, bell_);
  loop_.Park(servant, {}, 10);

  EXPECT_TRUE(loop_.Run().ok());

  EXPECT_EQ(waiter.runs(), 1);
  EXPECT_EQ(loop_.now(), 10);
}

TEST_F(BackgroundTest, OnADescriptorItIsNoDeadlockForTheOthers) {
  FdWatch watch;
  const int fd = Open(watch);
  Servant servant(loop_, [&] { bell_.FireAll(); });
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, bell_);
  loop_.Park(servant, watch.readers());
  world_.fake.At(5, [&] { world_.fake.MakeReadable(fd); });

  EXPECT_TRUE(loop_.Run().ok());

  EXPECT_EQ(waiter.runs(), 1);
}

TEST_F(BackgroundTest, WhoWaitsInsideOnlyIsADeadlockInSpiteOfIt) {
  Servant servant(loop_);
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, bell_);
  loop_.Park(servant, bell_);

  const absl::Status status = loop_.Run();

  EXPECT_EQ(status.message(),
            "deadlock: 1 waiter is blocked and nothing can wake them");
  EXPECT_EQ(waiter.runs() + servant.runs(), 0);
}

TEST_F(BackgroundTest, ReadyItRunsBeforeTheRunEnds) {
  Servant servant(loop_);
  loop_.Schedule(servant);
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(servant.runs(), 1);
}

TEST_F(BackgroundTest, ItWaitsOnInTheNextRun) {
  Servant servant(loop_);
  loop_.Park(servant, {}, 10);
  EXPECT_TRUE(loop_.Run().ok());
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, {}, 20);

  EXPECT_TRUE(loop_.Run().ok());

  EXPECT_EQ(servant.runs(), 1);
  EXPECT_EQ(waiter.runs(), 1);
}

TEST_F(BackgroundTest, WithdrawnOrDestroyedItLeavesNothing) {
  std::optional<Servant> servant(std::in_place, loop_);
  loop_.Park(*servant, bell_, kSecond);
  loop_.Withdraw(*servant);
  EXPECT_TRUE(bell_.empty());
  loop_.Park(*servant, bell_, kSecond);
  servant.reset();
  EXPECT_TRUE(bell_.empty());
  EXPECT_EQ(loop_.stats().timers, 0u);
}

TEST(BackgroundDeathTest, ALoopDoesNotEndBeforeIt) {
  EXPECT_DEATH(
      {
        Bell bell;
        auto world = std::make_unique<FakeWorld>();
        Servant servant(world->loop);
        world->loop.Park(servant, bell);
        world->waiters.clear();
        world.reset();
      },
      "a loop is destroyed before its waiters");
}

class FireArmTest : public testing::Test {
 protected:
  FnWaiter& ParkLetter(WaitList& list, char letter) {
    FnWaiter& waiter = world_.Add([this, letter] { trace_ += letter; });
    loop_.Park(waiter, list);
    return waiter;
  }

  Bell bell_;
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
  std::string trace_;
};

TEST_F(FireArmTest, WakesOneFromTheMiddle) {
  ParkLetter(bell_, 'a');
  FnWaiter& second = ParkLetter(bell_, 'b');
  ParkLetter(bell_, 'c');

  loop_.FireArm(second, 0);

  EXPECT_TRUE(bell_.promised());
  EXPECT_FALSE(loop_.Run().ok());
  EXPECT_EQ(trace_, "b");
  EXPECT_EQ(second.wake(), Waiter::Wake::kList);
  EXPECT_FALSE(bell_.promised());
}

TEST_F(FireArmTest, KeepsNewcomersBehindUntilItRuns) {
  FnWaiter& waiter = ParkLetter(bell_, 'a');
  loop_.FireArm(waiter, 0);
  EXPECT_TRUE(bell_.empty());
  EXPECT_TRUE(bell_.occupied());
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_FALSE(bell_.occupied());
}

TEST_F(FireArmTest, OfSeveralArmsTellsWhich) {
  Bell other;
  FnWaiter& waiter = world_.Add();
  Arm arms[2];
  arms[0].list = &bell_;
  arms[1].list = &other;
  loop_.Park(waiter, arms);

  loop_.FireArm(waiter, 1);

  EXPECT_EQ(waiter.woken_by(), 1);
  EXPECT_TRUE(other.promised());
  EXPECT_FALSE(bell_.occupied());
  EXPECT_TRUE(loop_.Run().ok());
}

TEST_F(FireArmTest, TheWakeOfOneWhoIsWithdrawnGoesToTheNext) {
  ParkLetter(bell_, 'a');
  FnWaiter& second = ParkLetter(bell_, 'b');
  loop_.FireArm(second, 0);

  loop_.Withdraw(second);

  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(trace_, "a");
}

TEST_F(FireArmTest, ADeadlineIsForgotten) {
  FnWaiter& waiter = world_.Add();
  loop_.Park(waiter, bell_, kSecond);
  loop_.FireArm(waiter, 0);
  EXPECT_EQ(loop_.stats().timers, 0u);
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(loop_.now(), 0);
}

}  // namespace
}  // namespace lev
