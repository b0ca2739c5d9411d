// A loop within another one: Step, fd, next_deadline.

#include <poll.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/loop/epoll_poller.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

class EventLoopStepTest : public ::testing::Test {
 protected:
  FnWaiter& Letter(char letter) {
    return world_.Add([this, letter] { trace_ += letter; });
  }

  std::string trace_;
  Bell bell_;
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
};

TEST_F(EventLoopStepTest, AStepRunsWhoIsReady) {
  loop_.Schedule(Letter('a'));
  EXPECT_FALSE(loop_.Step());
  EXPECT_EQ(trace_, "a");
}

TEST_F(EventLoopStepTest, WhoeverWaitsIsAlive) {
  loop_.Park(Letter('a'), bell_);
  EXPECT_TRUE(loop_.Step());
  bell_.FireAll();
  EXPECT_FALSE(loop_.Step());
  EXPECT_EQ(trace_, "a");
}

TEST_F(EventLoopStepTest, TheNextDeadlineIsTheFirst) {
  EXPECT_EQ(loop_.next_deadline(), kNever);
  loop_.Park(Letter('b'), {}, 2 * kSecond);
  loop_.Park(Letter('a'), {}, kSecond);
  EXPECT_EQ(loop_.next_deadline(), kSecond);
  loop_.Schedule(Letter('c'));
  EXPECT_LE(loop_.next_deadline(), loop_.now());
}

TEST_F(EventLoopStepTest, AStepWaitsNoLongerThanItMay) {
  loop_.Park(Letter('a'), {}, 10);
  EXPECT_TRUE(loop_.Step(4));
  EXPECT_EQ(loop_.now(), 4);
  EXPECT_EQ(trace_, "");
  EXPECT_FALSE(loop_.Step(kNever));
  EXPECT_EQ(loop_.now(), 10);
  EXPECT_EQ(trace_, "a");
}

TEST_F(EventLoopStepTest, NobodyAliveIsNotWaitedFor) {
  EXPECT_FALSE(loop_.Step(kNever));
  EXPECT_EQ(loop_.now(), 0);
}

TEST_F(EventLoopStepTest, StopIsSaid) {
  loop_.Park(Letter('a'), bell_);
  loop_.Schedule(world_.Add([this] { loop_.Stop(); }));
  EXPECT_FALSE(loop_.Step());
  EXPECT_TRUE(loop_.Step());
}

TEST_F(EventLoopStepTest, AStopBetweenTwoStepsIsTheNextOnes) {
  loop_.Schedule(Letter('a'));
  loop_.Stop();
  EXPECT_FALSE(loop_.Step());
  EXPECT_EQ(trace_, "");
  EXPECT_FALSE(loop_.Step());
  EXPECT_EQ(trace_, "a");
}

TEST_F(EventLoopStepTest, AStepThatWasStoppedBeforeWaitsForNothing) {
  loop_.Park(Letter('a'), {}, kSecond);
  loop_.Stop();
  EXPECT_FALSE(loop_.Step(kNever));
  EXPECT_EQ(loop_.now(), 0);
}

TEST_F(EventLoopStepTest, AMomentThatHasPassedIsNotWaitedFor) {
  loop_.Park(Letter('a'), {}, kSecond);
  EXPECT_TRUE(loop_.Step(-kSecond));
  EXPECT_EQ(loop_.now(), 0);
}

using EventLoopStepDeathTest = EventLoopStepTest;

TEST_F(EventLoopStepDeathTest, AWaiterDoesNotTurnTheLoopItself) {
  loop_.Schedule(world_.Add([this] { loop_.Step(); }));
  EXPECT_DEATH(loop_.Step(), "the loop is turned from within itself");
  EXPECT_DEATH(loop_.Run().IgnoreError(),
               "the loop is turned from within itself");
}

TEST_F(EventLoopStepTest, ADeadlockIsKnown) {
  EXPECT_FALSE(loop_.deadlocked());
  loop_.Park(Letter('a'), bell_);
  EXPECT_TRUE(loop_.deadlocked());
  loop_.FireAll(bell_);
  EXPECT_FALSE(loop_.deadlocked());
  loop_.Step();
}

TEST_F(EventLoopStepTest, AWorldInMemoryHasNoDescriptor) {
  EXPECT_LT(loop_.fd(), 0);
}

// Whether `fd` is readable at once.
bool IsReadable(int fd) {
  pollfd poll_fd = {fd, POLLIN, 0};
  return poll(&poll_fd, 1, 0) == 1;
}

TEST(EventLoopFdTest, TheDescriptorIsReadableWhenAStepHasSomethingToDo) {
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  MonotonicClock clock;
  const std::unique_ptr<EpollPoller> poller = *EpollPoller::Create();
  EventLoop loop(clock, *poller);
  FdWatch watch;
  watch.Open(loop, pipe_fds[0]);
  ASSERT_TRUE(watch.Register().ok());
  FnWaiter waiter(loop);
  loop.Park(waiter, watch.readers());
  EXPECT_TRUE(loop.Step());
  EXPECT_FALSE(IsReadable(loop.fd()));

  ASSERT_EQ(write(pipe_fds[1], "x", 1), 1);

  EXPECT_TRUE(IsReadable(loop.fd()));
  EXPECT_FALSE(loop.Step());
  EXPECT_EQ(waiter.runs(), 1);
  watch.Close();
  close(pipe_fds[0]);
  close(pipe_fds[1]);
}

}  // namespace
}  // namespace lev
