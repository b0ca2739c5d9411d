// The clauses of lev/loop/poller.h, over every implementation.

#include <errno.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/poller.h"
#include "tests/loop/poller_harness.h"

namespace lev {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

struct Implementation {
  const char* name;
  std::unique_ptr<PollerHarness> (*make)();
};

void PrintTo(const Implementation& implementation, std::ostream* out) {
  *out << implementation.name;
}

class PollerContract : public ::testing::TestWithParam<Implementation> {
 protected:
  // A descriptor that is watched under `tag`, and whose first edge is over.
  int Watched(uint64_t tag) {
    const int fd = world_->Open();
    EXPECT_TRUE(poller_.Add(fd, tag).ok());
    EXPECT_THAT(Poll(), SizeIs(1));
    return fd;
  }

  std::vector<PollEvent> Poll(Nanos timeout = 0) {
    std::vector<PollEvent> events;
    EXPECT_TRUE(poller_.Wait(timeout, events).ok());
    return events;
  }

  std::vector<uint64_t> PollTags(Nanos timeout = 0) {
    std::vector<uint64_t> tags;
    for (const PollEvent& event : Poll(timeout)) tags.push_back(event.tag);
    return tags;
  }

  const std::unique_ptr<PollerHarness> world_ = GetParam().make();
  Poller& poller_ = world_->poller();
};

TEST_P(PollerContract, PresentReadinessIsTheFirstEdge) {
  const int fd = world_->Open();
  world_->Arrive(fd);
  ASSERT_TRUE(poller_.Add(fd, 7).ok());

  const std::vector<PollEvent> events = Poll();

  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].tag, 7);
  EXPECT_TRUE(events[0].readable);
  EXPECT_TRUE(events[0].writable);
  EXPECT_FALSE(events[0].exceptional);
}

TEST_P(PollerContract, ANewDescriptorIsWritableOnly) {
  ASSERT_TRUE(poller_.Add(world_->Open(), 7).ok());

  const std::vector<PollEvent> events = Poll();

  ASSERT_THAT(events, SizeIs(1));
  EXPECT_FALSE(events[0].readable);
  EXPECT_TRUE(events[0].writable);
}

TEST_P(PollerContract, ADescriptorThatIsNotReadyHasNoFirstEdge) {
  const int fd = world_->Open();
  world_->FillUp(fd);
  ASSERT_TRUE(poller_.Add(fd, 7).ok());

  EXPECT_THAT(Poll(), IsEmpty());
}

TEST_P(PollerContract, AnEdgeIsNotRepeated) {
  const int fd = Watched(7);
  world_->Arrive(fd);

  EXPECT_THAT(PollTags(), ElementsAre(7));
  EXPECT_THAT(PollTags(), IsEmpty());
}

TEST_P(PollerContract, ANewArrivalIsANewEdgeThoughNothingWasRead) {
  const int fd = Watched(7);
  world_->Arrive(fd);
  ASSERT_THAT(PollTags(), ElementsAre(7));

  world_->Arrive(fd);

  const std::vector<PollEvent> events = Poll();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_TRUE(events[0].readable);
}

TEST_P(PollerContract, ArrivalAfterEverythingWasReadIsANewEdge) {
  const int fd = Watched(7);
  world_->Arrive(fd);
  ASSERT_THAT(PollTags(), ElementsAre(7));
  world_->ReadAll(fd);

  world_->Arrive(fd);

  EXPECT_THAT(PollTags(), ElementsAre(7));
}

TEST_P(PollerContract, WhatWasReadBeforeTheWaitIsNotReportedReadable) {
  const int fd = Watched(7);
  world_->Arrive(fd);
  world_->ReadAll(fd);

  for (const PollEvent& event : Poll()) EXPECT_FALSE(event.readable);
}

TEST_P(PollerContract, SeveralArrivalsBeforeAWaitAreOneEvent) {
  const int fd = Watched(7);
  world_->Arrive(fd);
  world_->Arrive(fd);

  EXPECT_THAT(PollTags(), ElementsAre(7));
}

TEST_P(PollerContract, RoomAfterFullnessIsAnEdge) {
  const int fd = Watched(7);
  world_->FillUp(fd);
  ASSERT_THAT(Poll(), IsEmpty());

  world_->MakeRoom(fd);

  const std::vector<PollEvent> events = Poll();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_TRUE(events[0].writable);
  EXPECT_FALSE(events[0].readable);
}

TEST_P(PollerContract, AnArrivalAtAFullDescriptorIsNotReportedWritable) {
  const int fd = Watched(7);
  world_->FillUp(fd);
  world_->Arrive(fd);

  const std::vector<PollEvent> events = Poll();

  ASSERT_THAT(events, SizeIs(1));
  EXPECT_TRUE(events[0].readable);
  EXPECT_FALSE(events[0].writable);
}

TEST_P(PollerContract, AHangUpIsExceptionalAndReadyBothWays) {
  const int fd = Watched(7);
  world_->FillUp(fd);
  world_->HangUp(fd);

  const std::vector<PollEvent> events = Poll();

  ASSERT_THAT(events, SizeIs(1));
  EXPECT_TRUE(events[0].readable);
  EXPECT_TRUE(events[0].writable);
  EXPECT_TRUE(events[0].exceptional);
}

TEST_P(PollerContract, AHangUpBeforeAddIsPartOfTheFirstEdge) {
  const int fd = world_->Open();
  world_->HangUp(fd);
  ASSERT_TRUE(poller_.Add(fd, 7).ok());

  const std::vector<PollEvent> events = Poll();

  ASSERT_THAT(events, SizeIs(1));
  EXPECT_TRUE(events[0].exceptional);
}

TEST_P(PollerContract, RemoveSilencesAnEventThatIsPending) {
  const int fd = Watched(7);
  world_->Arrive(fd);
  poller_.Remove(fd);

  EXPECT_THAT(Poll(), IsEmpty());
}

TEST_P(PollerContract, RemoveSilencesWhatComesLater) {
  const int fd = Watched(7);
  poller_.Remove(fd);
  world_->Arrive(fd);
  world_->HangUp(fd);

  EXPECT_THAT(Poll(), IsEmpty());
}

TEST_P(PollerContract, RemoveLeavesOthersAlone) {
  const int removed = Watched(7);
  const int kept = Watched(8);
  world_->Arrive(removed);
  world_->Arrive(kept);
  poller_.Remove(removed);

  EXPECT_THAT(PollTags(), ElementsAre(8));
}

TEST_P(PollerContract, AddAfterRemoveReportsAfreshUnderTheNewTag) {
  const int fd = Watched(7);
  world_->Arrive(fd);
  ASSERT_THAT(PollTags(), ElementsAre(7));
  poller_.Remove(fd);

  ASSERT_TRUE(poller_.Add(fd, 8).ok());

  const std::vector<PollEvent> events = Poll();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].tag, 8);
  EXPECT_TRUE(events[0].readable);
}

TEST_P(PollerContract, RemoveAndAddOfAPendingDescriptorIsOneEvent) {
  const int fd = Watched(7);
  world_->Arrive(fd);
  poller_.Remove(fd);
  ASSERT_TRUE(poller_.Add(fd, 8).ok());

  EXPECT_THAT(PollTags(), ElementsAre(8));
  EXPECT_THAT(PollTags(), IsEmpty());
}

TEST_P(PollerContract, ATagComesBackWithAllItsBits) {
  const uint64_t tag = 0xfedcba9876543210;
  ASSERT_TRUE(poller_.Add(world_->Open(), tag).ok());

  EXPECT_THAT(PollTags(), ElementsAre(tag));
}

TEST_P(PollerContract, TwoReadyDescriptorsComeInOneWait) {
  const int first = Watched(7);
  const int second = Watched(8);
  world_->Arrive(first);
  world_->Arrive(second);

  EXPECT_THAT(PollTags(), UnorderedElementsAre(7, 8));
}

TEST_P(PollerContract, EventsAreAppended) {
  ASSERT_TRUE(poller_.Add(world_->Open(), 8).ok());
  std::vector<PollEvent> events(1);
  events[0].tag = 7;

  ASSERT_TRUE(poller_.Wait(0, events).ok());

  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].tag, 7);
  EXPECT_EQ(events[1].tag, 8);
}

TEST_P(PollerContract, AddTwiceIsAnErrorAndTheFirstTagStays) {
  const int fd = Watched(7);

  EXPECT_TRUE(absl::IsAlreadyExists(poller_.Add(fd, 8)));

  world_->Arrive(fd);
  EXPECT_THAT(PollTags(), ElementsAre(7));
}

TEST_P(PollerContract, AddOfAClosedDescriptorIsAnError) {
  const int fd = world_->Open();
  world_->Close(fd);

  EXPECT_EQ(poller_.Add(fd, 7).code(), absl::ErrnoToStatusCode(EBADF));
}

TEST_P(PollerContract, RemoveOfAnUnknownDescriptorIsIgnored) {
  const int fd = world_->Open();
  poller_.Remove(fd);
  world_->Close(fd);
  poller_.Remove(fd);
  poller_.Remove(-1);

  EXPECT_TRUE(poller_.Add(world_->Open(), 7).ok());
  EXPECT_THAT(PollTags(), ElementsAre(7));
}

TEST_P(PollerContract, ADescriptorOfAReusedNumberIsANewOne) {
  const int fd = Watched(7);
  poller_.Remove(fd);
  world_->Close(fd);

  ASSERT_TRUE(poller_.Add(world_->Open(), 8).ok());

  EXPECT_THAT(PollTags(), ElementsAre(8));
}

TEST_P(PollerContract, AWaitThatEndsWithNothingIsNeverShorterThanAsked) {
  Watched(7);
  for (const Nanos timeout : {Nanos{1}, kMicrosecond, 250 * kMicrosecond,
                              kMillisecond - 1, kMillisecond + 1}) {
    // Something like a signal may end a wait early, but not again and again.
    Nanos longest = 0;
    for (int i = 0; i < 20 && longest < timeout; ++i) {
      const Instant began = world_->clock().Now();
      EXPECT_THAT(Poll(timeout), IsEmpty());
      longest = std::max(longest, world_->clock().Now() - began);
    }
    EXPECT_GE(longest, timeout);
  }
}

TEST_P(PollerContract, AWaitOfZeroReportsWhatIsThere) {
  const int fd = Watched(7);
  EXPECT_THAT(Poll(0), IsEmpty());
  world_->Arrive(fd);
  EXPECT_THAT(PollTags(0), ElementsAre(7));
}

TEST_P(PollerContract, AnEventEndsTheWaitAtOnce) {
  const int fd = Watched(7);
  world_->Arrive(fd);
  const Instant began = world_->clock().Now();

  EXPECT_THAT(PollTags(3600 * kSecond), ElementsAre(7));

  EXPECT_LT(world_->clock().Now() - began, 60 * kSecond);
}

TEST_P(PollerContract, AnEventEndsAWaitWithoutLimit) {
  const int fd = Watched(7);
  world_->Arrive(fd);

  EXPECT_THAT(PollTags(kNever), ElementsAre(7));
}

TEST_P(PollerContract, ManyReadyDescriptorsAreAllReportedOnce) {
  constexpr uint64_t kCount = 300;
  for (uint64_t tag = 0; tag < kCount; ++tag) {
    ASSERT_TRUE(poller_.Add(world_->Open(), tag).ok());
  }
  std::vector<int> reports(kCount);
  for (std::vector<uint64_t> tags; !(tags = PollTags()).empty();) {
    for (const uint64_t tag : tags) ++reports.at(tag);
  }

  EXPECT_THAT(reports, ::testing::Each(1));
}

INSTANTIATE_TEST_SUITE_P(
    Pollers, PollerContract,
    ::testing::Values(Implementation{"Epoll", NewEpollHarness},
                      Implementation{"Uring", NewUringHarness},
                      Implementation{"CrampedUring", NewCrampedUringHarness},
                      Implementation{"Fake", NewFakeHarness}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace lev
