#include "lev/testing/memory_link.h"

#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/testing/dice.h"

namespace lev {
namespace {

class MemoryLinkTest : public testing::Test {
 protected:
  MemoryLink::Passage Send(Packet::Kind kind = Packet::Kind::kData,
                           size_t size = 0) {
    Packet packet;
    packet.kind = kind;
    packet.data.assign(size, 'x');
    return link_.Send(packet, now_, dice_);
  }

  MemoryLink link_;
  Dice dice_{1};
  Instant now_ = kSecond;
};

TEST_F(MemoryLinkTest, APerfectLinkNeedsNoTime) {
  const MemoryLink::Passage passage = Send();
  EXPECT_FALSE(passage.lost);
  EXPECT_FALSE(passage.twice);
  EXPECT_EQ(passage.delay, 0);
}

TEST_F(MemoryLinkTest, LatencyIsTheSameForAll) {
  link_.plan.latency = 50 * kMillisecond;
  EXPECT_EQ(Send().delay, 50 * kMillisecond);
  EXPECT_EQ(Send().delay, 50 * kMillisecond);
}

TEST_F(MemoryLinkTest, JitterChangesNoOrder) {
  link_.plan = {.latency = kSecond, .jitter = kSecond};
  Nanos last = 0;
  bool varies = false;
  for (int i = 0; i < 100; ++i) {
    const Nanos delay = Send().delay;
    EXPECT_GE(delay, last);
    EXPECT_LE(delay, 2 * kSecond);
    varies = varies || (last != 0 && delay != last);
    last = delay;
  }
  EXPECT_TRUE(varies);
}

TEST_F(MemoryLinkTest, BandwidthMakesPacketsQueue) {
  link_.plan.bandwidth = 1040;
  EXPECT_EQ(Send(Packet::Kind::kData, 1000).delay, kSecond);
  EXPECT_EQ(Send(Packet::Kind::kData, 1000).delay, 2 * kSecond);
  now_ += 10 * kSecond;
  EXPECT_EQ(Send(Packet::Kind::kData, 1000).delay, kSecond);
}

TEST_F(MemoryLinkTest, LossIsAMatterOfChance) {
  link_.plan.loss = 0.25;
  int lost = 0;
  for (int i = 0; i < 1000; ++i) lost += Send().lost ? 1 : 0;
  EXPECT_GT(lost, 150);
  EXPECT_LT(lost, 350);
}

TEST_F(MemoryLinkTest, NothingGetsThroughOneThatIsCut) {
  link_.cut = true;
  EXPECT_TRUE(Send().lost);
}

TEST_F(MemoryLinkTest, OnlyDatagramsComeTwiceAndOvertake) {
  link_.plan = {.latency = kSecond, .duplicate = 1, .reorder = 1};
  EXPECT_FALSE(Send().twice);
  EXPECT_EQ(Send().delay, kSecond);
  const MemoryLink::Passage datagram = Send(Packet::Kind::kDatagram);
  EXPECT_TRUE(datagram.twice);
  EXPECT_GT(datagram.delay, 2 * kSecond);
}

TEST_F(MemoryLinkTest, PiecesComeOneAfterTheOther) {
  link_.plan.piece = 1;
  const Nanos first = Send().delay;
  EXPECT_GT(first, 0);
  EXPECT_GT(Send().delay, first);
}

}  // namespace
}  // namespace lev
