#include "lev/loop/fd_watch.h"

#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

class FdWatchTest : public ::testing::Test {
 protected:
  // Opens `watch` on a new descriptor that is neither readable nor writable.
  int Open(FdWatch& watch) {
    const int fd = world_.fake.Open();
    world_.fake.MakeUnwritable(fd);
    watch.Open(loop_, fd);
    return fd;
  }

  // Parks a waiter at `list` that appends `letter`.
  FnWaiter& ParkLetter(FdWatch& watch, WaitList& list, char letter) {
    EXPECT_TRUE(watch.Register().ok());
    FnWaiter& waiter = world_.Add([this, letter] { trace_ += letter; });
    loop_.Park(waiter, list);
    return waiter;
  }

  // Turns until the world has no more to say.
  std::string Trace() {
    loop_.Run().IgnoreError();
    return trace_;
  }

  std::string trace_;
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
};

TEST_F(FdWatchTest, ThePollerHearsNothingBeforeSomebodyWaits) {
  FdWatch watch;
  Open(watch);
  EXPECT_EQ(loop_.stats().registered_fds, 0);

  ASSERT_TRUE(watch.Register().ok());
  EXPECT_EQ(loop_.stats().registered_fds, 1);
}

TEST_F(FdWatchTest, ThePollerHearsOfADescriptorOnce) {
  FdWatch watch;
  const int fd = Open(watch);
  ASSERT_TRUE(watch.Register().ok());
  ASSERT_TRUE(watch.Register().ok());

  EXPECT_EQ(loop_.stats().registered_fds, 1);
  EXPECT_FALSE(world_.fake.Add(fd, 0).ok());
}

TEST_F(FdWatchTest, SaysWhyADescriptorCannotBeWatched) {
  FdWatch watch;
  const int fd = Open(watch);
  world_.fake.CloseFd(fd);

  EXPECT_FALSE(watch.Register().ok());
  EXPECT_FALSE(watch.Register().ok());

  EXPECT_EQ(loop_.stats().registered_fds, 0);
}

TEST_F(FdWatchTest, ARefusedDescriptorCostsTheNextOneNothing) {
  FdWatch refused;
  FdWatch good;
  world_.fake.CloseFd(Open(refused));
  const int fd = Open(good);
  ASSERT_FALSE(refused.Register().ok());
  ParkLetter(good, good.readers(), 'r');

  world_.fake.MakeReadable(fd);

  EXPECT_EQ(Trace(), "r");
}

TEST_F(FdWatchTest, AReadableEdgeWakesAReaderOnly) {
  FdWatch watch;
  const int fd = Open(watch);
  ParkLetter(watch, watch.writers(), 'w');
  ParkLetter(watch, watch.readers(), 'r');

  world_.fake.At(5, [&] { world_.fake.MakeReadable(fd); });

  EXPECT_EQ(Trace(), "r");
}

TEST_F(FdWatchTest, AWritableEdgeWakesAWriterOnly) {
  FdWatch watch;
  const int fd = Open(watch);
  ParkLetter(watch, watch.readers(), 'r');
  ParkLetter(watch, watch.writers(), 'w');

  world_.fake.At(5, [&] { world_.fake.MakeWritable(fd); });

  EXPECT_EQ(Trace(), "w");
}

TEST_F(FdWatchTest, OneEdgeWakesOneReader) {
  FdWatch watch;
  const int fd = Open(watch);
  ParkLetter(watch, watch.readers(), 'a');
  ParkLetter(watch, watch.readers(), 'b');

  world_.fake.At(5, [&] { world_.fake.MakeReadable(fd); });

  EXPECT_EQ(Trace(), "a");
}

TEST_F(FdWatchTest, AnEdgeWhileTheWokenReaderHasNotRunWakesNobodyElse) {
  FdWatch watch;
  const int fd = Open(watch);
  ParkLetter(watch, watch.readers(), 'a');
  ParkLetter(watch, watch.readers(), 'b');
  // The reader is woken already when the edge of the same poll comes.
  world_.poller.after = [&] {
    loop_.FireOne(watch.readers());
    world_.poller.after = nullptr;
  };
  world_.fake.MakeReadable(fd);

  EXPECT_EQ(Trace(), "a");
}

TEST_F(FdWatchTest, AWithdrawnReaderHandsTheEdgeOn) {
  FdWatch watch;
  const int fd = Open(watch);
  FnWaiter& first = ParkLetter(watch, watch.readers(), 'a');
  ParkLetter(watch, watch.readers(), 'b');
  FnWaiter& killer = world_.Add([&] { loop_.Withdraw(first); });
  world_.fake.MakeReadable(fd);
  // Ready before the edge is fired, so it runs before the woken reader.
  world_.poller.after = [&] {
    world_.poller.after = nullptr;
    loop_.Schedule(killer);
  };

  EXPECT_EQ(Trace(), "b");
}

TEST_F(FdWatchTest, AnEdgeIsRememberedWhenNobodyWaits) {
  FdWatch watch;
  const int fd = Open(watch);
  ASSERT_TRUE(watch.Register().ok());
  watch.readiness() = {.readable = false, .writable = false};
  loop_.Park(world_.Add(), {}, 10);
  world_.fake.At(5, [&] { world_.fake.MakeReadable(fd); });

  ASSERT_TRUE(loop_.Run().ok());

  EXPECT_TRUE(watch.readiness().readable);
  EXPECT_FALSE(watch.readiness().writable);
  EXPECT_FALSE(watch.readiness().exceptional);
}

TEST_F(FdWatchTest, AHangUpIsRememberedAndWakesBothDirections) {
  FdWatch watch;
  const int fd = Open(watch);
  watch.readiness() = {.readable = false, .writable = false};
  ParkLetter(watch, watch.readers(), 'r');
  ParkLetter(watch, watch.writers(), 'w');
  world_.fake.At(5, [&] { world_.fake.HangUp(fd); });

  EXPECT_EQ(Trace(), "rw");

  EXPECT_TRUE(watch.readiness().readable);
  EXPECT_TRUE(watch.readiness().writable);
  EXPECT_TRUE(watch.readiness().exceptional);
}

TEST_F(FdWatchTest, ANewDescriptorIsPresumedReady) {
  FdWatch watch;
  EXPECT_TRUE(watch.readiness().readable);
  EXPECT_TRUE(watch.readiness().writable);
  EXPECT_FALSE(watch.readiness().exceptional);
}

TEST_F(FdWatchTest, CloseWakesAllWhoWait) {
  FdWatch watch;
  Open(watch);
  ParkLetter(watch, watch.readers(), 'a');
  ParkLetter(watch, watch.readers(), 'b');
  ParkLetter(watch, watch.writers(), 'c');

  watch.Close();

  EXPECT_FALSE(watch.is_open());
  EXPECT_EQ(Trace(), "abc");
}

TEST_F(FdWatchTest, CloseTellsThePollerAndMayBeRepeated) {
  FdWatch watch;
  const int fd = Open(watch);
  ASSERT_TRUE(watch.Register().ok());

  watch.Close();
  watch.Close();

  EXPECT_EQ(loop_.stats().registered_fds, 0);
  EXPECT_TRUE(world_.fake.Add(fd, 0).ok());
}

TEST_F(FdWatchTest, MayBeDestroyedWhileAWokenReaderHasNotRun) {
  std::optional<FdWatch> watch(std::in_place);
  Open(*watch);
  ParkLetter(*watch, watch->readers(), 'a');
  loop_.FireOne(watch->readers());

  watch.reset();

  EXPECT_EQ(Trace(), "a");
  EXPECT_EQ(loop_.stats().registered_fds, 0);
}

TEST_F(FdWatchTest, DestructionCloses) {
  {
    FdWatch watch;
    Open(watch);
    ASSERT_TRUE(watch.Register().ok());
  }
  EXPECT_EQ(loop_.stats().registered_fds, 0);
}

// The poller reported the old descriptor, then it was closed and a new one
// took its slot: all of it before the loop looks at the events.
TEST_F(FdWatchTest, AStaleEventDoesNotReachTheNextOwnerOfTheSlot) {
  FdWatch stale;
  FdWatch fresh;
  const int fd = Open(stale);
  ParkLetter(stale, stale.readers(), 'o');
  fresh.readiness().readable = false;
  world_.fake.MakeReadable(fd);
  world_.poller.after = [&] {
    world_.poller.after = nullptr;
    stale.Close();
    Open(fresh);
    ParkLetter(fresh, fresh.readers(), 'n');
    fresh.readiness().readable = false;
  };

  EXPECT_EQ(Trace(), "o");
  EXPECT_FALSE(fresh.readiness().readable);
}

TEST_F(FdWatchTest, AStaleEventOfAnEmptySlotIsDropped) {
  FdWatch watch;
  const int fd = Open(watch);
  ParkLetter(watch, watch.readers(), 'o');
  world_.fake.MakeReadable(fd);
  world_.poller.after = [&] { watch.Close(); };

  EXPECT_EQ(Trace(), "o");
}

TEST(FdWatchDeathTest, MustNotBeOpenedTwice) {
  FakeWorld world;
  FdWatch watch;
  watch.Open(world.loop, 7);
  EXPECT_DEATH(watch.Open(world.loop, 8), "called twice");
}

}  // namespace
}  // namespace lev
