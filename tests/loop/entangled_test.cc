// A watch whose directions are entangled. Tests lev/loop/fd_watch.cc.

#include <string>

#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

struct Entangled {
  explicit Entangled(uint64_t seed = 0) : world(seed) {
    fd = world.fake.Open();
    world.fake.MakeUnwritable(fd);
    watch.Open(world.loop, fd);
    watch.Entangle();
    EXPECT_TRUE(watch.Register().ok());
  }

  FnWaiter& ParkLetter(WaitList& list, char letter) {
    FnWaiter& waiter = world.Add([this, letter] { trace += letter; });
    world.loop.Park(waiter, list);
    return waiter;
  }
  std::string Trace() {
    world.loop.Run().IgnoreError();
    return trace;
  }

  std::string trace;
  FakeWorld world;
  FdWatch watch;
  int fd;
};

TEST(EntangledTest, AReadableEdgeWakesAllOfBothDirections) {
  Entangled it;
  it.ParkLetter(it.watch.writers(), 'w');
  it.ParkLetter(it.watch.readers(), 'r');
  it.ParkLetter(it.watch.writers(), 'x');
  it.ParkLetter(it.watch.readers(), 's');
  it.world.fake.At(5, [&] { it.world.fake.MakeReadable(it.fd); });
  EXPECT_EQ(it.Trace(), "rswx");
}

TEST(EntangledTest, AWritableEdgeWakesAllOfBothDirections) {
  Entangled it;
  it.ParkLetter(it.watch.writers(), 'w');
  it.ParkLetter(it.watch.readers(), 'r');
  it.world.fake.At(5, [&] { it.world.fake.MakeWritable(it.fd); });
  EXPECT_EQ(it.Trace(), "rw");
}

TEST(EntangledTest, ReadinessIsNotMixedUp) {
  Entangled it;
  it.watch.readiness() = {.readable = false, .writable = false};
  it.ParkLetter(it.watch.writers(), 'w');
  it.world.fake.At(5, [&] { it.world.fake.MakeReadable(it.fd); });
  EXPECT_EQ(it.Trace(), "w");
  EXPECT_TRUE(it.watch.readiness().readable);
  EXPECT_FALSE(it.watch.readiness().writable);
}

// A newcomer who looks meanwhile sees the place taken.
TEST(EntangledTest, TheWokenHoldTheirPlacesUntilTheyRun) {
  Entangled it;
  bool occupied = false;
  FnWaiter& newcomer = it.world.Add([&] {
    occupied = it.watch.readers().occupied() && it.watch.writers().occupied();
  });
  it.ParkLetter(it.watch.readers(), 'r');
  it.ParkLetter(it.watch.writers(), 'w');
  it.world.fake.MakeReadable(it.fd);
  it.world.poller.after = [&] {
    it.world.poller.after = nullptr;
    it.world.loop.Schedule(newcomer);  // Before the edge is fired.
  };
  EXPECT_EQ(it.Trace(), "rw");
  EXPECT_TRUE(occupied);
  EXPECT_FALSE(it.watch.readers().promised());
  EXPECT_FALSE(it.watch.writers().promised());
}

TEST(EntangledTest, OneWhoIsWithdrawnTakesNothingFromTheOthers) {
  Entangled it;
  FnWaiter& reader = it.ParkLetter(it.watch.readers(), 'r');
  it.ParkLetter(it.watch.readers(), 's');
  it.ParkLetter(it.watch.writers(), 'w');
  FnWaiter& killer = it.world.Add([&] { it.world.loop.Withdraw(reader); });
  it.world.fake.MakeReadable(it.fd);
  it.world.poller.after = [&] {
    it.world.poller.after = nullptr;
    it.world.loop.Schedule(killer);
  };
  EXPECT_EQ(it.Trace(), "sw");
}

TEST(EntangledTest, WhateverTheSeedEverybodyIsWoken) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Entangled it(seed);
    for (const char letter : {'a', 'b', 'c'}) {
      it.ParkLetter(it.watch.readers(), letter);
      it.ParkLetter(it.watch.writers(), letter);
    }
    it.world.fake.At(5, [&] { it.world.fake.MakeReadable(it.fd); });
    EXPECT_EQ(it.Trace().size(), 6u) << "seed " << seed;
  }
}

TEST(EntangledTest, OnlyItsOwnEdgesWake) {
  Entangled it;
  FdWatch other;
  const int fd = it.world.fake.Open();
  it.world.fake.MakeUnwritable(fd);
  other.Open(it.world.loop, fd);
  ASSERT_TRUE(other.Register().ok());
  it.ParkLetter(it.watch.writers(), 'e');
  it.ParkLetter(other.writers(), 'o');
  it.world.fake.At(5, [&] { it.world.fake.MakeReadable(fd); });
  it.world.fake.At(6, [&] { it.world.fake.MakeReadable(it.fd); });
  EXPECT_EQ(it.Trace(), "e");
}

}  // namespace
}  // namespace lev
