// The numbered rules of the turn (lev/loop/event_loop.h), one by one.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

using ::testing::ElementsAre;

class EventLoopTurnTest : public ::testing::Test {
 protected:
  EventLoopTurnTest() {
    world_.poller.before = [this](Nanos timeout) {
      trace_ += '.';
      timeouts_.push_back(timeout);
    };
  }

  FnWaiter& Letter(char letter) {
    return world_.Add([this, letter] { trace_ += letter; });
  }
  void ScheduleLetter(char letter) { loop_.Schedule(Letter(letter)); }
  void TimerLetter(char letter, Instant deadline) {
    loop_.Park(Letter(letter), {}, deadline);
  }

  // A descriptor that is neither readable nor writable, and is known to the
  // poller.
  int Watch(FdWatch& watch) {
    const int fd = world_.fake.Open();
    world_.fake.MakeUnwritable(fd);
    watch.Open(loop_, fd);
    EXPECT_TRUE(watch.Register().ok());
    return fd;
  }

  // The letters of those who ran; a dot for every poll.
  std::string trace_;
  std::vector<Nanos> timeouts_;
  Bell bell_;
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
};

TEST_F(EventLoopTurnTest, Rule1RunsTheReadyInTheOrderOfBecomingReady) {
  for (const char letter : {'a', 'b', 'c'}) ScheduleLetter(letter);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, "abc");
}

TEST_F(EventLoopTurnTest, Rule1RunsThoseWhoBecomeReadyMeanwhileBehindTheRest) {
  FnWaiter& later = Letter('x');
  FnWaiter& first = world_.Add([&] {
    trace_ += 'a';
    loop_.Schedule(later);
  });
  loop_.Schedule(first);
  ScheduleLetter('b');
  TimerLetter('t', 5);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, "abx.t");
}

TEST_F(EventLoopTurnTest, Rule1PollsAfterSomeStepsBeyondTheFirstBatch) {
  FnWaiter& spinner = world_.Add();
  int steps_before_poll = 0;
  world_.poller.before = [&](Nanos) {
    steps_before_poll = spinner.runs();
    loop_.Stop();
  };
  spinner.set_body([&] { loop_.Schedule(spinner); });
  loop_.Schedule(spinner);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(steps_before_poll, EventLoop::kStepsPerTurn);
}

TEST_F(EventLoopTurnTest, Rule1PollsSoonerWhenStepsTakeLong) {
  FnWaiter& spinner = world_.Add();
  int steps_before_poll = 0;
  world_.poller.before = [&](Nanos) {
    steps_before_poll = spinner.runs();
    loop_.Stop();
  };
  spinner.set_body([&] {
    world_.clock.Advance(EventLoop::kTurnTime / 4);
    loop_.Schedule(spinner);
  });
  loop_.Schedule(spinner);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_GT(steps_before_poll, 1);
  EXPECT_LE(steps_before_poll, 8);
}

TEST_F(EventLoopTurnTest, Rule1RunsTheWholeFirstBatchHoweverLarge) {
  constexpr int kReady = 3 * EventLoop::kStepsPerTurn;
  for (int i = 0; i < kReady; ++i) ScheduleLetter('r');
  TimerLetter('t', 5);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, std::string(kReady, 'r') + ".t");
}

TEST_F(EventLoopTurnTest, Rule2ReturnsWithoutAPollWhenNobodyIsAlive) {
  ScheduleLetter('a');
  ASSERT_TRUE(loop_.Run().ok());
  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_EQ(trace_, "a");
}

TEST_F(EventLoopTurnTest, Rule2ReturnsWhenStoppedBeforeAnyoneElseRuns) {
  loop_.Schedule(world_.Add([&] { loop_.Stop(); }));
  ScheduleLetter('b');

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, "");
  EXPECT_TRUE(loop_.stopped());
  EXPECT_EQ(loop_.stats().ready, 1);
}

TEST_F(EventLoopTurnTest, Rule2ADescriptorThatNobodyAwaitsKeepsNothingAlive) {
  FdWatch watch;
  Watch(watch);
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(trace_, "");
}

TEST_F(EventLoopTurnTest, Rule3IsADeadlockWithoutAPoll) {
  loop_.Park(Letter('a'), bell_);

  const absl::Status status = loop_.Run();

  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(status.message(),
            "deadlock: 1 waiter is blocked and nothing can wake them");
  EXPECT_EQ(trace_, "");
}

TEST_F(EventLoopTurnTest, Rule3ADeadlockCountsThoseWhoAreBlocked) {
  loop_.Park(Letter('a'), bell_);
  loop_.Park(Letter('b'), {});

  EXPECT_EQ(loop_.Run().message(),
            "deadlock: 2 waiters are blocked and nothing can wake them");
  EXPECT_EQ(loop_.stats().parked, 2);
}

TEST_F(EventLoopTurnTest, Rule3ADescriptorThatNobodyAwaitsPreventsNoDeadlock) {
  FdWatch watch;
  Watch(watch);
  loop_.Park(Letter('a'), bell_);

  EXPECT_FALSE(loop_.Run().ok());
  EXPECT_EQ(trace_, "");
}

TEST_F(EventLoopTurnTest, Rule3ATimerIsNoDeadlock) {
  loop_.Park(Letter('a'), bell_);
  FnWaiter& ringer = world_.Add([&] { loop_.FireAll(bell_); });
  loop_.Park(ringer, {}, kSecond);

  EXPECT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, ".a");
}

TEST_F(EventLoopTurnTest, Rule3AnAwaitedDescriptorIsNoDeadlock) {
  FdWatch watch;
  const int fd = Watch(watch);
  loop_.Park(Letter('a'), watch.readers());
  world_.fake.At(kSecond, [&] { world_.fake.MakeReadable(fd); });

  EXPECT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, ".a");
}

TEST_F(EventLoopTurnTest, Rule3ADescriptorAmongOtherArmsIsNoDeadlock) {
  FdWatch watch;
  const int fd = Watch(watch);
  Arm arms[2];
  arms[0].list = &bell_;
  arms[1].list = &watch.readers();
  loop_.Park(Letter('a'), absl::MakeSpan(arms));
  world_.fake.At(kSecond, [&] { world_.fake.MakeReadable(fd); });

  EXPECT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, ".a");
}

TEST_F(EventLoopTurnTest, Rule3AWorldThatIsOverIsADeadlock) {
  FdWatch watch;
  Watch(watch);
  loop_.Park(Letter('a'), watch.readers());

  EXPECT_TRUE(absl::IsFailedPrecondition(loop_.Run()));
}

TEST_F(EventLoopTurnTest, Rule3TheLastAwaitedDescriptorMayGo) {
  FdWatch watch;
  Watch(watch);
  FnWaiter& reader = Letter('r');
  loop_.Park(reader, watch.readers());
  loop_.Park(Letter('a'), bell_);
  loop_.Schedule(world_.Add([&] { loop_.Withdraw(reader); }));

  EXPECT_FALSE(loop_.Run().ok());

  EXPECT_EQ(trace_, "");
}

TEST_F(EventLoopTurnTest, Rule4WaitsUntilTheFirstDeadline) {
  TimerLetter('b', 7 * kSecond);
  TimerLetter('a', 3 * kSecond);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_THAT(timeouts_, ElementsAre(3 * kSecond, 4 * kSecond));
}

TEST_F(EventLoopTurnTest, Rule4WaitsWithoutLimitForADescriptor) {
  FdWatch watch;
  const int fd = Watch(watch);
  loop_.Park(Letter('a'), watch.readers());
  world_.fake.At(kSecond, [&] { world_.fake.MakeReadable(fd); });

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_THAT(timeouts_, ElementsAre(kNever));
}

TEST_F(EventLoopTurnTest, Rule4DoesNotWaitWhenSomebodyIsReady) {
  TimerLetter('t', kSecond);
  FnWaiter& spinner = world_.Add();
  spinner.set_body([&] {
    if (spinner.runs() <= EventLoop::kStepsPerTurn) loop_.Schedule(spinner);
  });
  loop_.Schedule(spinner);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_THAT(timeouts_, ElementsAre(0, kSecond));
}

TEST_F(EventLoopTurnTest, Rule4TakesOffWhatTheTurnItselfTook) {
  TimerLetter('t', kSecond);
  loop_.Schedule(world_.Add([&] { world_.clock.Advance(kSecond / 4); }));

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_THAT(timeouts_, ElementsAre(3 * kSecond / 4));
  EXPECT_EQ(loop_.now(), kSecond);
}

TEST_F(EventLoopTurnTest, Rule4ADeadlineInThePastIsNoNegativeWait) {
  TimerLetter('t', -kSecond);
  ASSERT_TRUE(loop_.Run().ok());
  EXPECT_THAT(timeouts_, ElementsAre(0));
}

TEST_F(EventLoopTurnTest, Rule5TheTimeStandsStillWithinATurn) {
  std::vector<Instant> seen;
  const auto look = [&] {
    world_.clock.Advance(10);
    seen.push_back(loop_.now());
  };
  loop_.Park(world_.Add(look), {}, kSecond);
  loop_.Park(world_.Add(look), {}, kSecond);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_THAT(seen, ElementsAre(kSecond, kSecond));
  EXPECT_EQ(loop_.FreshNow(), kSecond + 20);
}

TEST_F(EventLoopTurnTest, Rule5TheTimeIsSampledAfterThePoll) {
  world_.poller.after = [&] { world_.clock.Advance(7); };
  TimerLetter('t', kSecond);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(loop_.now(), kSecond + 7);
}

TEST_F(EventLoopTurnTest, Rule5TheFirstTurnKnowsTheTimeToo) {
  world_.clock.Advance(kSecond);
  Instant seen = 0;
  loop_.Schedule(world_.Add([&] { seen = loop_.now(); }));

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(seen, kSecond);
}

TEST_F(EventLoopTurnTest, Rule6FiresDescriptorsAsReported) {
  FdWatch watches[3];
  for (int i = 0; i < 3; ++i) {
    Watch(watches[i]);
    loop_.Park(Letter(static_cast<char>('a' + i)), watches[i].readers());
  }
  world_.fake.At(5, [&] {
    for (const int i : {1, 2, 0}) world_.fake.MakeReadable(watches[i].fd());
  });

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, ".bca");
}

TEST_F(EventLoopTurnTest, Rule7FiresTimersByDeadline) {
  TimerLetter('5', 5);
  TimerLetter('3', 3);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, ".3.5");
}

TEST_F(EventLoopTurnTest, Rule7FiresEqualDeadlinesInTheOrderOfParking) {
  for (const char letter : {'a', 'b', 'c', 'd'}) TimerLetter(letter, 5);

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, ".abcd");
}

TEST_F(EventLoopTurnTest, Rule7FiresAllThatAreDueInOneTurn) {
  for (const char digit : {'4', '2', '3', '1'}) TimerLetter(digit, digit);
  world_.poller.after = [&] { world_.clock.Advance(kSecond); };

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, ".1234");
}

TEST_F(EventLoopTurnTest, DataBeatsTimeoutInTheSameTurn) {
  FdWatch watch;
  const int fd = Watch(watch);
  FnWaiter& both = Letter('x');
  TimerLetter('t', 5);
  loop_.Park(both, watch.readers(), 5);
  world_.fake.At(5, [&] { world_.fake.MakeReadable(fd); });

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_EQ(trace_, ".xt");
  EXPECT_EQ(both.runs(), 1);
  EXPECT_EQ(both.wake(), Waiter::Wake::kList);
}

}  // namespace
}  // namespace lev
