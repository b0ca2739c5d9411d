#include "lev/net/foreign_fds.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "lev/loop/fd_watch.h"
#include "tests/support/descriptors.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

using Direction = ForeignFds::Direction;

class ForeignFdsTest : public testing::Test {
 protected:
  ~ForeignFdsTest() override {
    fds_ = nullptr;
    EXPECT_EQ(world_->loop().stats().registered_fds, 0u);
    world_ = nullptr;
    pair_ = FdPair();
    EXPECT_EQ(CountOpenFds(), open_before_);
  }

  int fd() const { return pair_.a.get(); }
  void Arrive() { EXPECT_EQ(write(pair_.b.get(), "x", 1), 1); }
  void TakeAll() {
    char buffer[100];
    while (read(fd(), buffer, sizeof(buffer)) > 0) continue;
  }
  void FillUp() {
    const std::string block(1 << 16, 'x');
    while (write(fd(), block.data(), block.size()) > 0) continue;
  }
  void DrainPeer() {
    char buffer[1 << 16];
    while (read(pair_.b.get(), buffer, sizeof(buffer)) > 0) continue;
  }

  // Its owner closes it without a word, and the number is used again.
  void Replace() {
    const int number = pair_.a.Release();
    close(number);
    FdPair fresh = UnixPair();
    ASSERT_EQ(fresh.a.get(), number);
    pair_.a = std::move(fresh.a);
    pair_.b = std::move(fresh.b);
  }

  // Waits, and says so in the trace.
  Player& NewWaiter(Direction direction, char letter) {
    Player& player = world_->NewPlayer();
    player.Do([this, direction](bool retry) {
      const Step step = fds_->Wait(fd(), direction, retry);
      if (!step.blocked()) fds_->Leave(fd());
      return step;
    });
    return player.Call([this, letter] { trace_ += letter; });
  }
  // Acts when all others wait.
  Player& Later() { return world_->NewPlayer().Sleep(2 * kMillisecond); }

  const size_t open_before_ = CountOpenFds();
  std::unique_ptr<RealWorld> world_ = std::make_unique<RealWorld>();
  std::unique_ptr<ForeignFds> fds_ =
      std::make_unique<ForeignFds>(world_->loop());
  FdPair pair_ = UnixPair();
  std::string trace_;
};

TEST_F(ForeignFdsTest, WhatIsReadyIsReadyAtOnceAndNeverRegistered) {
  Arrive();
  Player& reader = NewWaiter(Direction::kRead, 'r');
  Player& writer = NewWaiter(Direction::kWrite, 'w');
  world_->Run();
  EXPECT_EQ(reader.tries() + writer.tries(), 4);  // With the letter.
  EXPECT_EQ(trace_, "rw");
}

TEST_F(ForeignFdsTest, AnArrivalEndsTheWait) {
  NewWaiter(Direction::kRead, 'r');
  Later().Call([&] {
    EXPECT_EQ(CountPolledFds(), 1u);
    Arrive();
  });
  world_->Run();
  EXPECT_EQ(trace_, "r");
  EXPECT_EQ(CountPolledFds(), 0u) << "watched only while somebody waits";
}

TEST_F(ForeignFdsTest, RoomEndsTheWait) {
  FillUp();
  NewWaiter(Direction::kWrite, 'w');
  Later().Call([&] { DrainPeer(); });
  world_->Run();
  EXPECT_EQ(trace_, "w");
}

// Nobody takes what has come: it is there for the second, too.
TEST_F(ForeignFdsTest, SeveralWhoWaitForTheSameAreAllTold) {
  NewWaiter(Direction::kRead, 'a');
  NewWaiter(Direction::kRead, 'b');
  Later().Call([&] { Arrive(); });
  world_->Run();
  EXPECT_EQ(trace_, "ab");
}

TEST_F(ForeignFdsTest, OneWhoTakesItLeavesTheOtherWaiting) {
  NewWaiter(Direction::kRead, 'a').Call([&] { TakeAll(); });
  NewWaiter(Direction::kRead, 'b');
  Later().Call([&] { Arrive(); }).Sleep(2 * kMillisecond).Call([&] {
    EXPECT_EQ(trace_, "a");
    Arrive();
  });
  world_->Run();
  EXPECT_EQ(trace_, "ab");
}

TEST_F(ForeignFdsTest, ReadersAndWritersWaitForDifferentThings) {
  FillUp();
  NewWaiter(Direction::kRead, 'r');
  NewWaiter(Direction::kWrite, 'w');
  Later().Call([&] { Arrive(); }).Sleep(2 * kMillisecond).Call([&] {
    EXPECT_EQ(trace_, "r");
    DrainPeer();
  });
  world_->Run();
  EXPECT_EQ(trace_, "rw");
}

// Level-triggered, but what somebody else's edge says does not make it spin.
TEST_F(ForeignFdsTest, AWriterDoesNotSpinWhileThereIsSomethingToRead) {
  FillUp();
  Arrive();
  Player& writer = NewWaiter(Direction::kWrite, 'w');
  Later().Sleep(30 * kMillisecond).Call([&] { DrainPeer(); });
  world_->Run();
  EXPECT_EQ(trace_, "w");
  EXPECT_LE(writer.tries(), 6);
}

TEST_F(ForeignFdsTest, APeerThatGoesEndsBothWaits) {
  FillUp();
  NewWaiter(Direction::kRead, 'r');
  NewWaiter(Direction::kWrite, 'w');
  Later().Call([&] { pair_.b.Close(); });
  world_->Run();
  EXPECT_EQ(trace_, "rw");
}

TEST_F(ForeignFdsTest, ADescriptorThatLevWatchesCanBeWaitedForToo) {
  FdWatch watch;
  watch.Open(world_->loop(), fd());
  ASSERT_TRUE(watch.Register().ok());
  NewWaiter(Direction::kRead, 'r');
  Later().Call([&] { Arrive(); });
  world_->Run();
  EXPECT_EQ(trace_, "r");
  watch.Close();
}

TEST_F(ForeignFdsTest, AFileIsAlwaysReady) {
  FILE* const file = tmpfile();
  for (const Direction direction : {Direction::kRead, Direction::kWrite}) {
    EXPECT_TRUE(fds_->Wait(fileno(file), direction, false).done());
  }
  fclose(file);
}

TEST_F(ForeignFdsTest, WhatIsNoDescriptorIsAnError) {
  EXPECT_TRUE(fds_->Wait(1 << 20, Direction::kRead, false).failed());
  EXPECT_EQ(fds_->error().message(), "Bad file descriptor");
}

TEST_F(ForeignFdsTest, ForgettingWakesAllAndTheirNextTrySeesTheTruth) {
  const int number = fd();
  Player& reader = NewWaiter(Direction::kRead, 'r');
  FillUp();
  Player& writer = NewWaiter(Direction::kWrite, 'w');
  Later().Call([&] {
    fds_->Forget(number);
    EXPECT_EQ(CountPolledFds(), 0u);
    close(number);
  });
  world_->Run();
  EXPECT_TRUE(reader.failed());
  EXPECT_TRUE(writer.failed());
  EXPECT_EQ(fds_->error().message(), "Bad file descriptor");
  static_cast<void>(pair_.a.Release());
}

TEST_F(ForeignFdsTest, ForgettingClosesTheCopyOfWhatLevWatches) {
  FdWatch watch;
  watch.Open(world_->loop(), fd());
  ASSERT_TRUE(watch.Register().ok());
  Player& reader = NewWaiter(Direction::kRead, 'r');
  Later().Call([&] {
    watch.Close();
    fds_->Forget(fd());
    pair_.a.Close();
    // The peer sees it: nobody holds a duplicate.
    EXPECT_TRUE(AwaitPoll(pair_.b.get(), POLLIN));
  });
  world_->Run();
  EXPECT_TRUE(reader.failed());
}

TEST_F(ForeignFdsTest, ForgettingWhatNobodyWaitsForDoesNothing) {
  fds_->Forget(fd());
  fds_->Leave(fd());
}

TEST_F(ForeignFdsTest, WhoLeavesTakesTheWatchWithHim) {
  Player& reader = NewWaiter(Direction::kRead, 'r');
  NewWaiter(Direction::kRead, 's');
  Later().Call([&] {
    world_->Destroy(reader);
    fds_->Leave(fd());
    EXPECT_EQ(CountPolledFds(), 1u) << "the other one still waits";
    Arrive();
  });
  world_->Run();
  EXPECT_EQ(trace_, "s");
}

// Its waiter disappeared without Leave, and the number was used again: the old
// watch would never say a word.
TEST_F(ForeignFdsTest, ANewcomerDoesNotTrustAnAbandonedWatch) {
  Player& lost = NewWaiter(Direction::kRead, 'l');
  Later().Call([&] {
    world_->Destroy(lost);
    Replace();
    NewWaiter(Direction::kRead, 'n');
    Later().Call([&] { Arrive(); });
  });
  world_->Run();
  EXPECT_EQ(trace_, "n");
}

// The same, but the other still waits: the number is all they have in common.
TEST_F(ForeignFdsTest, ANewcomerDoesNotTrustAWatchOthersWaitOn) {
  NewWaiter(Direction::kRead, 'o');
  Later().Call([&] {
    Replace();
    NewWaiter(Direction::kRead, 'n');
    Later().Call([&] { Arrive(); });
  });
  world_->Run();
  EXPECT_EQ(trace_, "no");
}

TEST_F(ForeignFdsTest, LeavingDoesNotBlindWhoHasTheNumberNow) {
  FdWatch watch;
  Player& gone = NewWaiter(Direction::kRead, 'g');
  Player& owner = world_->NewPlayer();
  owner.Sleep(2 * kMillisecond).Do([&](bool retry) {
    if (retry) return Step::Done();
    Replace();
    watch.Open(world_->loop(), fd());
    EXPECT_TRUE(watch.Register().ok());
    world_->Destroy(gone);
    fds_->Leave(fd());
    // Room to write was an edge already; this is one that is missed.
    Later().Call([&] { Arrive(); });
    return Step::Blocked(watch.readers());
  });
  world_->Run();
  EXPECT_TRUE(owner.ended());
  EXPECT_FALSE(owner.failed());
  watch.Close();
}

}  // namespace
}  // namespace lev
