#include "lev/task/channel.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "tests/support/caller.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

using ::testing::ElementsAre;
using Numbers = Channel<std::unique_ptr<int>>;

// Calls on one channel; what is received, in the order of the receptions.
class Calls {
 public:
  explicit Calls(size_t capacity, uint64_t seed = 0)
      : world(seed), channel(capacity) {}
  ~Calls() { calls_.clear(); }

  struct Call {
    Numbers::Sender sender;
    Numbers::Receiver receiver;
    std::unique_ptr<int> message;
    std::unique_ptr<Caller> caller;
  };

  Call& Send(int number, Instant deadline = kNever) {
    Call& call = NewCall();
    call.message = std::make_unique<int>(number);
    call.caller = std::make_unique<Caller>(
        world.loop,
        [this, &call] { return channel.Send(call.sender, call.message); },
        deadline);
    call.caller->give_up = [&call] { call.sender.Withdraw(); };
    return call;
  }

  Call& Receive(Instant deadline = kNever) {
    Call& call = NewCall();
    call.caller = std::make_unique<Caller>(
        world.loop,
        [this, &call] {
          std::optional<std::unique_ptr<int>> value;
          const Step step = channel.Receive(call.receiver, value);
          if (step.done()) received.push_back(**value);
          return step;
        },
        deadline);
    call.caller->give_up = [&call] { call.receiver.Withdraw(); };
    return call;
  }

  void Settle() { world.loop.Run().IgnoreError(); }

  // Receives all that is left.
  void Drain() {
    std::optional<std::unique_ptr<int>> value;
    while (channel.TryReceive(value) == Numbers::Try::kDone) {
      received.push_back(**value);
    }
  }

  FakeWorld world;
  Numbers channel;
  std::vector<int> received;

 private:
  Call& NewCall() {
    calls_.push_back(std::make_unique<Call>());
    return *calls_.back();
  }

  std::vector<std::unique_ptr<Call>> calls_;
};

TEST(ChannelTest, ASenderAndAReceiverMeet) {
  Calls calls(0);
  auto& sender = calls.Send(7);
  calls.Settle();
  EXPECT_TRUE(sender.caller->blocked());
  EXPECT_EQ(calls.channel.senders(), 1);

  calls.Receive();
  calls.Settle();

  EXPECT_TRUE(sender.caller->done());
  EXPECT_THAT(calls.received, ElementsAre(7));
}

TEST(ChannelTest, AReceiverMayComeFirst) {
  Calls calls(0);
  calls.Receive();
  calls.Settle();
  EXPECT_EQ(calls.channel.receivers(), 1);

  auto& sender = calls.Send(7);
  calls.Settle();

  EXPECT_TRUE(sender.caller->done());
  EXPECT_THAT(calls.received, ElementsAre(7));
}

TEST(ChannelTest, HoldsAsManyMessagesAsItsCapacity) {
  Calls calls(2);
  calls.Send(1);
  calls.Send(2);
  auto& third = calls.Send(3);
  calls.Settle();
  EXPECT_TRUE(third.caller->blocked());
  EXPECT_EQ(calls.channel.size(), 2);

  calls.Receive();
  calls.Settle();

  EXPECT_TRUE(third.caller->done());
  EXPECT_EQ(calls.channel.size(), 2);
  calls.Drain();
  EXPECT_THAT(calls.received, ElementsAre(1, 2, 3));
}

TEST(ChannelTest, MayBeUnbounded) {
  Calls calls(Numbers::kUnbounded);
  for (int i = 0; i < 1000; ++i) {
    auto message = std::make_unique<int>(i);
    ASSERT_EQ(calls.channel.TrySend(message), Numbers::Try::kDone);
  }
  EXPECT_EQ(calls.channel.size(), 1000);
}

TEST(ChannelTest, ATryThatDoesNothingKeepsTheMessage) {
  Calls calls(0);
  auto message = std::make_unique<int>(1);
  EXPECT_EQ(calls.channel.TrySend(message), Numbers::Try::kWouldBlock);
  calls.channel.Close();
  EXPECT_EQ(calls.channel.TrySend(message), Numbers::Try::kClosed);
  EXPECT_NE(message, nullptr);
}

TEST(ChannelTest, ReceiversAreServedInTheirOrder) {
  Calls calls(0);
  auto& first = calls.Receive();
  calls.Settle();
  auto& second = calls.Receive();
  calls.Settle();

  calls.Send(1);
  calls.Settle();

  EXPECT_TRUE(first.caller->done());
  EXPECT_TRUE(second.caller->blocked());
}

TEST(ChannelTest, WhatIsInAClosedChannelIsStillReceived) {
  Calls calls(2);
  calls.Send(1);
  calls.Send(2);
  calls.Settle();
  calls.channel.Close();

  calls.Receive();
  calls.Receive();
  auto& third = calls.Receive();
  calls.Settle();

  EXPECT_THAT(calls.received, ElementsAre(1, 2));
  EXPECT_TRUE(third.caller->failed());
}

TEST(ChannelTest, SendersBlockedAtTheCloseStillDeliver) {
  Calls calls(1);
  calls.Send(1);
  calls.Settle();
  auto& blocked = calls.Send(2);
  calls.Settle();
  calls.channel.Close();
  auto& late = calls.Send(3);
  calls.Settle();
  EXPECT_TRUE(late.caller->failed());

  calls.Drain();
  calls.Settle();

  EXPECT_TRUE(blocked.caller->done());
  EXPECT_THAT(calls.received, ElementsAre(1, 2));
}

TEST(ChannelTest, CloseTellsThoseWhoWait) {
  Calls calls(0);
  auto& first = calls.Receive();
  auto& second = calls.Receive();
  calls.Settle();

  calls.channel.Close();
  calls.channel.Close();
  calls.Settle();

  EXPECT_TRUE(first.caller->failed());
  EXPECT_TRUE(second.caller->failed());
}

TEST(ChannelTest, AMessageBeatsACancelInTheSameTurn) {
  Calls calls(0);
  auto& receiver = calls.Receive();
  calls.Settle();
  auto message = std::make_unique<int>(1);
  ASSERT_EQ(calls.channel.TrySend(message), Numbers::Try::kDone);

  receiver.caller->Cancel();
  calls.Settle();

  EXPECT_TRUE(receiver.caller->done());
  EXPECT_THAT(calls.received, ElementsAre(1));
}

TEST(ChannelTest, TheMessageOfAReceiverWhoDiesGoesToTheNext) {
  Calls calls(0);
  auto& dead = calls.Receive();
  calls.Settle();
  auto& next = calls.Receive();
  calls.Settle();
  auto message = std::make_unique<int>(1);
  ASSERT_EQ(calls.channel.TrySend(message), Numbers::Try::kDone);

  dead.caller.reset();
  calls.Settle();

  EXPECT_TRUE(next.caller->done());
  EXPECT_THAT(calls.received, ElementsAre(1));
}

TEST(ChannelTest, MessagesOfReceiversWhoDieKeepTheirOrder) {
  Calls calls(0);
  std::vector<Calls::Call*> dead;
  for (int i = 0; i < 3; ++i) dead.push_back(&calls.Receive());
  calls.Settle();
  for (int i = 0; i < 3; ++i) {
    auto message = std::make_unique<int>(i);
    ASSERT_EQ(calls.channel.TrySend(message), Numbers::Try::kDone);
  }

  for (const int i : {1, 0, 2}) dead[i]->caller.reset();

  EXPECT_EQ(calls.channel.size(), 3);
  calls.Drain();
  EXPECT_THAT(calls.received, ElementsAre(0, 1, 2));
}

TEST(ChannelTest, ASenderWhoGivesUpTakesTheMessageAlong) {
  Calls calls(0);
  auto& sender = calls.Send(1, 5 * kSecond);
  calls.Settle();

  EXPECT_TRUE(sender.caller->gave_up());
  EXPECT_EQ(calls.channel.senders(), 0);
  calls.Drain();
  EXPECT_THAT(calls.received, ElementsAre());
}

TEST(ChannelTest, ASpuriousWakeChangesNothing) {
  Calls calls(0);
  auto& sender = calls.Send(1);
  calls.Settle();

  calls.world.loop.Wake(*sender.caller);
  calls.Settle();

  EXPECT_TRUE(sender.caller->blocked());
  EXPECT_EQ(calls.channel.senders(), 1);
}

// Whatever happens: what was sent and what was received are the same, in the
// same order as long as there is one receiver at a time.
TEST(ChannelTest, LosesAndDoublesNothingWhateverHappens) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Calls calls(seed % 3, seed);
    uint64_t random = seed;
    std::vector<std::pair<int, Calls::Call*>> senders;
    std::vector<Calls::Call*> receivers;
    for (int i = 0; i < 40; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const auto choice = random >> 60;
      const auto pick = (random >> 40) & 0xffff;
      if (choice < 5) senders.emplace_back(i, &calls.Send(i));
      if (choice >= 5 && choice < 10) receivers.push_back(&calls.Receive());
      if (choice == 10 && !receivers.empty()) {
        receivers[pick % receivers.size()]->caller.reset();
      }
      if (choice == 11 && !senders.empty()) {
        Calls::Call& victim = *senders[pick % senders.size()].second;
        if (victim.caller != nullptr) victim.caller->Cancel();
      }
      if (choice == 12 && !receivers.empty()) {
        Calls::Call& victim = *receivers[pick % receivers.size()];
        if (victim.caller != nullptr) victim.caller->Cancel();
      }
      if (choice >= 13) calls.Settle();
    }
    calls.Settle();
    calls.Drain();
    calls.Settle();
    std::vector<int> sent;
    for (const auto& [number, call] : senders) {
      if (call->caller->done()) sent.push_back(number);
    }
    EXPECT_THAT(calls.received, ::testing::UnorderedElementsAreArray(sent))
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace lev
