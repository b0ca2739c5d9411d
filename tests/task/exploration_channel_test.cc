// Tests lev/task/channel.h in every order that the loop allows: no message is
// lost or comes twice, and nobody waits for ever.

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/task/channel.h"
#include "tests/support/explore.h"
#include "tests/support/explorer.h"
#include "tests/support/small_program.h"

namespace lev {
namespace {

using ::testing::UnorderedElementsAreArray;
using Numbers = Channel<std::unique_ptr<int>>;

// Calls of one channel, and what came through it.
class Traffic {
 public:
  Traffic(Explorer& explorer, size_t capacity)
      : channel(capacity), program(explorer) {}

  Caller& Send(int number, Instant deadline = kNever) {
    senders_.push_back(std::make_unique<Numbers::Sender>());
    messages_.push_back(std::make_unique<int>(number));
    auto& turn = *senders_.back();
    const size_t place = messages_.size() - 1;
    Caller& caller = program.Call(
        [this, &turn, place] { return channel.Send(turn, messages_[place]); },
        [&turn] { turn.Withdraw(); }, deadline);
    caller.then = [this, number] { sent.push_back(number); };
    return caller;
  }

  Caller& Receive(Instant deadline = kNever) {
    receivers_.push_back(std::make_unique<Numbers::Receiver>());
    auto& turn = *receivers_.back();
    return program.Call(
        [this, &turn] {
          std::optional<std::unique_ptr<int>> value;
          const Step step = channel.Receive(turn, value);
          if (step.done()) received.push_back(**value);
          return step;
        },
        [&turn] { turn.Withdraw(); }, deadline);
  }

  // To the end; then all is received that nobody has received.
  void Run() {
    program.Run();
    // Nobody waits for what is there.
    const size_t inside = channel.size();
    EXPECT_TRUE(channel.senders() == 0 || inside >= channel.capacity());
    EXPECT_TRUE(channel.receivers() == 0 || inside + channel.senders() == 0);
    std::optional<std::unique_ptr<int>> value;
    while (channel.TryReceive(value) == Numbers::Try::kDone) {
      left.push_back(**value);
    }
    program.Run();
  }

  std::vector<int> Got() const {
    std::vector<int> got = received;
    got.insert(got.end(), left.begin(), left.end());
    return got;
  }
  bool Got(int number) const {
    const std::vector<int> got = Got();
    return std::find(got.begin(), got.end(), number) != got.end();
  }

  // What was sent was received, once.
  void ExpectConserved() {
    EXPECT_THAT(Got(), UnorderedElementsAreArray(sent));
    EXPECT_EQ(channel.senders() + channel.receivers() + channel.size(), 0);
  }

  std::vector<int> sent;
  std::vector<int> received;
  std::vector<int> left;  // Received at the end, in order.

 private:
  std::vector<std::unique_ptr<Numbers::Sender>> senders_;
  std::vector<std::unique_ptr<Numbers::Receiver>> receivers_;
  std::vector<std::unique_ptr<int>> messages_;

 public:
  // The callers in it end before their turns.
  Numbers channel;
  SmallProgram program;
};

class ChannelExploration : public ::testing::TestWithParam<size_t> {};

TEST_P(ChannelExploration, ACancelledSenderAndAClose) {
  Explore([](Explorer& explorer) {
    Traffic traffic(explorer, GetParam());
    Caller& cancelled = traffic.Send(1);
    Caller& other = traffic.Send(2);
    Caller& first = traffic.Receive();
    Caller& second = traffic.Receive();
    traffic.program.Strike(cancelled, 1);
    traffic.program.Sometime(1, [&traffic] { traffic.channel.Close(); });

    traffic.Run();

    // One who was aborted may not have known that its message was taken.
    if (cancelled.aborted() && traffic.Got(1)) traffic.sent.push_back(1);
    traffic.ExpectConserved();
    EXPECT_EQ(traffic.program.blocked(), 0);
    EXPECT_FALSE(other.gave_up() || first.gave_up() || second.gave_up());
  });
}

TEST_P(ChannelExploration, ACancelledReceiverAndAClose) {
  Explore([](Explorer& explorer) {
    Traffic traffic(explorer, GetParam());
    traffic.Send(1);
    traffic.Send(2);
    Caller& cancelled = traffic.Receive();
    Caller& other = traffic.Receive();
    traffic.program.Strike(cancelled, 1);
    traffic.program.Sometime(1, [&traffic] { traffic.channel.Close(); });

    traffic.Run();

    traffic.ExpectConserved();
    EXPECT_EQ(traffic.program.blocked(), 0);
    EXPECT_FALSE(other.gave_up());
  });
}

// The messages of a cancelled receiver come back to their places.
TEST_P(ChannelExploration, WhatIsLeftIsInOrder) {
  Explore([](Explorer& explorer) {
    Traffic traffic(explorer, GetParam());
    Caller& one = traffic.Receive();
    Caller& other = traffic.Receive();
    traffic.program.Strike(one, 1);
    traffic.program.Strike(other, 1);
    traffic.program.After(1, [&traffic] {
      for (const int number : {1, 2, 3}) {
        auto message = std::make_unique<int>(number);
        if (traffic.channel.TrySend(message) == Numbers::Try::kDone) {
          traffic.sent.push_back(number);
        }
      }
    });

    traffic.Run();

    traffic.ExpectConserved();
    EXPECT_TRUE(std::is_sorted(traffic.left.begin(), traffic.left.end()));
  });
}

// Both at the same instant: the message and the deadline.
TEST_P(ChannelExploration, ATimeoutAndAMessage) {
  Explore([](Explorer& explorer) {
    Traffic traffic(explorer, GetParam());
    Caller& receiver = traffic.Receive(5);
    Caller& sender = traffic.Send(1, 5);
    Caller& late = traffic.Receive(5);
    traffic.program.At(5, [&traffic] {
      auto message = std::make_unique<int>(2);
      if (traffic.channel.TrySend(message) == Numbers::Try::kDone) {
        traffic.sent.push_back(2);
        EXPECT_EQ(message, nullptr);
      } else {
        EXPECT_NE(message, nullptr) << "a try that fails keeps the message";
      }
    });

    traffic.Run();

    traffic.ExpectConserved();
    EXPECT_EQ(traffic.program.blocked(), 0);
    EXPECT_TRUE(sender.done());
    EXPECT_TRUE(receiver.done() || late.done());
  });
}

INSTANTIATE_TEST_SUITE_P(Capacities, ChannelExploration,
                         ::testing::Values(0, 1, 2));

}  // namespace
}  // namespace lev
