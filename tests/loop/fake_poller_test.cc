// What the fake does beyond the contract: its clock, its script, its honesty.

#include "lev/loop/fake_poller.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lev {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FakePollerTest : public ::testing::Test {
 protected:
  std::vector<uint64_t> Poll(Nanos timeout) {
    std::vector<PollEvent> events;
    EXPECT_TRUE(poller_.Wait(timeout, events).ok());
    std::vector<uint64_t> tags;
    for (const PollEvent& event : events) tags.push_back(event.tag);
    return tags;
  }

  // A watched descriptor whose first edge is over.
  int Watched(uint64_t tag) {
    const int fd = poller_.Open();
    EXPECT_TRUE(poller_.Add(fd, tag).ok());
    EXPECT_THAT(Poll(0), ElementsAre(tag));
    return fd;
  }

  FakeClock clock_{100};
  FakePoller poller_{clock_};
};

TEST(FakeClockTest, StandsStillUntilItIsMoved) {
  FakeClock clock(5);
  EXPECT_EQ(clock.Now(), 5);
  EXPECT_EQ(clock.Now(), 5);
  clock.Advance(2);
  EXPECT_EQ(clock.Now(), 7);
}

TEST(FakeClockTest, StopsAtTheLastInstant) {
  FakeClock clock(5);
  clock.Advance(kNever - 1);
  EXPECT_EQ(clock.Now(), kNever - 1);
}

TEST_F(FakePollerTest, AWaitMovesTheClockToItsEnd) {
  EXPECT_THAT(Poll(3600 * kSecond), IsEmpty());
  EXPECT_EQ(clock_.Now(), 100 + 3600 * kSecond);
}

TEST_F(FakePollerTest, AWaitMovesTheClockToTheNextScriptedMoment) {
  const int fd = Watched(7);
  poller_.At(105, [&] { poller_.MakeReadable(fd); });

  EXPECT_THAT(Poll(kSecond), ElementsAre(7));

  EXPECT_EQ(clock_.Now(), 105);
}

TEST_F(FakePollerTest, TheScriptBeyondTheEndOfTheWaitStaysAhead) {
  bool ran = false;
  poller_.At(105, [&] { ran = true; });

  Poll(4);
  EXPECT_EQ(clock_.Now(), 104);
  EXPECT_FALSE(ran);

  Poll(1);
  EXPECT_TRUE(ran);
}

TEST_F(FakePollerTest, APresentEventDoesNotMoveTheClock) {
  const int fd = Watched(7);
  poller_.MakeReadable(fd);

  EXPECT_THAT(Poll(kSecond), ElementsAre(7));

  EXPECT_EQ(clock_.Now(), 100);
}

TEST_F(FakePollerTest, AWaitOfZeroDoesNotMoveTheClock) {
  poller_.At(105, [] {});
  Poll(0);
  EXPECT_EQ(clock_.Now(), 100);
}

TEST_F(FakePollerTest, AWaitOfZeroRunsWhatIsDue) {
  const int fd = Watched(7);
  poller_.At(105, [&] { poller_.MakeReadable(fd); });
  clock_.Advance(10);

  EXPECT_THAT(Poll(0), ElementsAre(7));
}

TEST_F(FakePollerTest, TheScriptRunsInOrderOfTimeThenOfWriting) {
  std::string trace;
  poller_.At(106, [&] { trace += 'c'; });
  poller_.At(105, [&] { trace += 'a'; });
  poller_.At(105, [&] { trace += 'b'; });

  for (int i = 0; i < 2; ++i) Poll(kSecond);

  EXPECT_EQ(trace, "abc");
}

TEST_F(FakePollerTest, AnActionMayWriteMoreScript) {
  std::string trace;
  poller_.At(105, [&] {
    trace += 'a';
    poller_.At(105, [&] { trace += 'b'; });
    poller_.At(106, [&] { trace += 'c'; });
  });

  Poll(5);
  EXPECT_EQ(trace, "ab");
  Poll(1);
  EXPECT_EQ(trace, "abc");
}

TEST_F(FakePollerTest, SaysThatNothingWillEverHappen) {
  Watched(7);
  std::vector<PollEvent> events;

  EXPECT_TRUE(absl::IsFailedPrecondition(poller_.Wait(kNever, events)));

  EXPECT_THAT(events, IsEmpty());
  EXPECT_EQ(clock_.Now(), 100);
}

TEST_F(FakePollerTest, AWaitWithoutLimitEndsAtTheScript) {
  const int fd = Watched(7);
  poller_.At(105, [&] { poller_.HangUp(fd); });

  EXPECT_THAT(Poll(kNever), ElementsAre(7));
}

TEST_F(FakePollerTest, TheEndOfReadingIsAnEdgeAndLeavesRoomAsItIs) {
  const int fd = Watched(7);
  poller_.MakeUnwritable(fd);
  poller_.EndReading(fd);

  std::vector<PollEvent> events;
  EXPECT_TRUE(poller_.Wait(0, events).ok());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].readable && events[0].exceptional);
  EXPECT_FALSE(events[0].writable);
}

TEST_F(FakePollerTest, EventsComeInTheOrderOfTheirEdges) {
  const int first = Watched(7);
  const int second = Watched(8);
  poller_.MakeReadable(second);
  poller_.MakeReadable(first);

  EXPECT_THAT(Poll(0), ElementsAre(8, 7));
}

TEST_F(FakePollerTest, NumbersAreNeverUsedAgain) {
  const int first = poller_.Open();
  poller_.CloseFd(first);

  EXPECT_NE(poller_.Open(), first);
  EXPECT_GE(first, FakePoller::kFirstFd);
}

TEST_F(FakePollerTest, ADescriptorClosedWithoutRemoveIsSilent) {
  const int fd = Watched(7);
  poller_.MakeReadable(fd);
  poller_.CloseFd(fd);

  EXPECT_THAT(Poll(0), IsEmpty());
}

TEST_F(FakePollerTest, ACopyIsAsReadyAsTheOriginal) {
  const int fd = Watched(1);
  const int copy = poller_.Duplicate(fd);
  EXPECT_TRUE(poller_.Add(copy, 2).ok());
  EXPECT_THAT(Poll(0), ElementsAre(2));
  poller_.MakeReadable(fd);
  EXPECT_TRUE(poller_.readable(copy));
  EXPECT_THAT(Poll(0), ElementsAre(1, 2));
  poller_.MakeUnwritable(copy);
  EXPECT_FALSE(poller_.writable(fd));
}

TEST_F(FakePollerTest, ACopyOutlivesTheOriginal) {
  const int fd = Watched(1);
  const int copy = poller_.Duplicate(fd);
  poller_.MakeReadable(fd);
  poller_.CloseFd(fd);
  EXPECT_TRUE(poller_.readable(copy));
}

TEST_F(FakePollerTest, ANumberCanBecomeThatOfAnother) {
  const int fd = Watched(1);
  const int other = poller_.Open();
  poller_.Replace(other, fd);
  EXPECT_TRUE(poller_.Add(fd, 3).ok());
  poller_.MakeReadable(other);
  EXPECT_THAT(Poll(0), ElementsAre(3));
}

TEST_F(FakePollerTest, SaysSoOfADescriptorOfTheSystem) {
  EXPECT_EQ(poller_.Add(5, 1).message(),
            "cannot wait for descriptor 5 of the system in virtual time");
}

}  // namespace
}  // namespace lev
