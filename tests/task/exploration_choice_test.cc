// Tests lev/task/turn.h, its groups, in every order that the loop allows: a
// call that waits for several things gets one of them, or none, and whoever
// meets it meets it there alone.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/loop/step.h"
#include "lev/loop/waiter.h"
#include "lev/task/channel.h"
#include "lev/task/semaphore.h"
#include "lev/task/turn.h"
#include "tests/support/explore.h"
#include "tests/support/explorer.h"
#include "tests/support/small_program.h"

namespace lev {
namespace {

using Numbers = Channel<int>;

constexpr int kNone = -1;

// A call of several steps, of which one comes true: as lev.select drives it.
class Choice final : public Waiter {
 public:
  explicit Choice(EventLoop& loop, Instant deadline = kNever)
      : Waiter(loop), deadline_(deadline) {
    loop.Schedule(*this);
  }
  ~Choice() override { loop().Withdraw(*this); }

  Choice& Send(Numbers& channel, int number) {
    Sending& it = sending_.emplace_back();
    it.number = number;
    return Add(it.turn, [&] { return channel.Send(it.turn, it.number); });
  }
  Choice& Receive(Numbers& channel) {
    Receiving& it = receiving_.emplace_back();
    return Add(it.turn, [&] { return channel.Receive(it.turn, received); });
  }
  Choice& Acquire(Semaphore& semaphore) {
    Turn& turn = turns_.emplace_back("a permit");
    return Add(turn, [&] { return semaphore.Acquire(turn, 1); });
  }

  void Cancel() {
    cancelled_ = true;
    loop().Wake(*this);
  }

  int winner() const { return winner_; }
  bool gave_up() const { return gave_up_; }
  bool blocked() const { return winner_ == kNone && !gave_up_; }

  std::optional<int> received;

 private:
  struct Sending {
    int number;
    Numbers::Sender turn;
  };
  struct Receiving {
    Numbers::Receiver turn;
  };
  struct Member {
    Turn* turn;
    std::function<Step()> step;
  };

  Choice& Add(Turn& turn, std::function<Step()> step) {
    turn.Join(group_, &turn);
    members_.push_back({&turn, std::move(step)});
    return *this;
  }

  void Run() override {
    if (Try()) return group_.WithdrawQueued();
    if (cancelled_ || deadline_ <= loop().now()) {
      gave_up_ = true;
      return group_.WithdrawQueued();
    }
    arms_ = std::vector<Arm>(members_.size());
    for (size_t i = 0; i < arms_.size(); ++i) arms_[i].list = members_[i].turn;
    loop().Park(*this, absl::MakeSpan(arms_), deadline_);
  }

  // The one that was granted alone, if there is one.
  bool Try() {
    const void* const granted = group_.granted();
    for (size_t i = 0; i < members_.size(); ++i) {
      const Member& member = members_[i];
      if (granted != nullptr && granted != member.turn) continue;
      if (!member.step().done()) continue;
      EXPECT_EQ(winner_, kNone);
      winner_ = static_cast<int>(i);
      return true;
    }
    EXPECT_EQ(granted, nullptr) << "what was granted is done";
    return false;
  }

  const Instant deadline_;
  TurnGroup group_;
  std::deque<Sending> sending_;
  std::deque<Receiving> receiving_;
  std::deque<Turn> turns_;
  std::vector<Member> members_;
  std::vector<Arm> arms_;
  int winner_ = kNone;
  bool cancelled_ = false;
  bool gave_up_ = false;
};

TEST(ChoiceExploration, TwoThatMeetOnTwoChannelsMeetOnOne) {
  Explore([](Explorer& explorer) {
    SmallProgram program(explorer);
    Numbers a(0), b(0);
    Choice one(program.loop());
    Choice other(program.loop());
    one.Send(a, 1).Receive(b);
    other.Send(b, 2).Receive(a);

    program.Sometime(2, [&one] { one.Cancel(); });

    program.Run();

    EXPECT_EQ(one.gave_up(), other.blocked());
    if (one.gave_up()) return;
    EXPECT_NE(one.winner(), other.winner()) << "one sends, one receives";
    EXPECT_EQ(one.received.value_or(2), 2);
    EXPECT_EQ(other.received.value_or(1), 1);
    EXPECT_NE(one.received.has_value(), other.received.has_value());
    EXPECT_EQ(a.senders() + a.receivers() + b.senders() + b.receivers(), 0);
  });
}

TEST(ChoiceExploration, InARingOfThreeTwoMeet) {
  Explore([](Explorer& explorer) {
    SmallProgram program(explorer);
    std::deque<Numbers> channels;
    for (int i = 0; i < 3; ++i) channels.emplace_back(0);
    std::deque<Choice> choices;
    for (int i = 0; i < 3; ++i) {
      choices.emplace_back(program.loop())
          .Send(channels[i], i)
          .Receive(channels[(i + 1) % 3]);
    }
    program.Sometime(2, [&choices] { choices[0].Cancel(); });

    program.Run();

    int sent = 0, received = 0, left = 0;
    for (int i = 0; i < 3; ++i) {
      sent += choices[i].winner() == 0 ? 1 : 0;
      received += choices[i].winner() == 1 ? 1 : 0;
      left += choices[i].winner() == kNone ? 1 : 0;
      const int next = (i + 1) % 3;
      EXPECT_EQ(choices[i].received.value_or(next), next);
    }
    EXPECT_EQ(sent, 1);
    EXPECT_EQ(received, 1);
    EXPECT_EQ(left, 1);
  });
}

TEST(ChoiceExploration, NobodyMeetsOneself) {
  Explore([](Explorer& explorer) {
    SmallProgram program(explorer);
    Numbers channel(0);
    Choice lonely(program.loop());
    lonely.Send(channel, 1).Receive(channel);
    Choice late(program.loop());
    if (explorer.Choose(2) == 0) {
      late.Receive(channel).Send(channel, 2);
    } else {
      late.Send(channel, 2).Receive(channel);
    }
    program.Sometime(2, [&lonely] { lonely.Cancel(); });

    program.Run();

    EXPECT_EQ(lonely.gave_up(), late.blocked());
    if (lonely.gave_up()) return;
    EXPECT_NE(lonely.received.has_value(), late.received.has_value());
    EXPECT_EQ(lonely.received.value_or(2), 2);
    EXPECT_EQ(late.received.value_or(1), 1);
  });
}

TEST(ChoiceExploration, ACancelledChoiceTakesNothing) {
  Explore([](Explorer& explorer) {
    SmallProgram program(explorer);
    Numbers channel(0);
    Semaphore semaphore(1);
    ASSERT_TRUE(semaphore.TryAcquire());
    Choice choice(program.loop());
    choice.Receive(channel).Acquire(semaphore);
    program.Sometime(2, [&choice] { choice.Cancel(); });
    program.Sometime(2, [&semaphore] { semaphore.Release(); });
    Choice sender(program.loop());
    sender.Send(channel, 7);

    program.Run();

    EXPECT_FALSE(choice.blocked());
    EXPECT_EQ(choice.winner() == 0, choice.received.has_value());
    EXPECT_EQ(sender.blocked(), choice.winner() != 0);
    EXPECT_EQ(semaphore.available(), choice.winner() == 1 ? 0 : 1);
    EXPECT_EQ(channel.receivers(), 0);
    EXPECT_EQ(semaphore.waiting(), 0);
  });
}

// At the same instant: the deadline of the choice, and both things.
TEST(ChoiceExploration, ATimeoutAndAResult) {
  Explore([](Explorer& explorer) {
    SmallProgram program(explorer);
    Numbers channel(0);
    Semaphore semaphore(1);
    ASSERT_TRUE(semaphore.TryAcquire());
    Choice choice(program.loop(), 5);
    choice.Receive(channel).Acquire(semaphore);
    bool sent = false;
    program.At(5, [&] {
      int number = 7;
      sent = channel.TrySend(number) == Numbers::Try::kDone;
    });
    program.At(5, [&semaphore] { semaphore.Release(); });

    program.Run();

    EXPECT_FALSE(choice.blocked());
    EXPECT_EQ(sent, choice.winner() == 0);
    EXPECT_EQ(semaphore.available(), choice.winner() == 1 ? 0 : 1);
  });
}

TEST(ChoiceExploration, TwoChoicesShareThePermitsOfTwoSemaphores) {
  Explore([](Explorer& explorer) {
    SmallProgram program(explorer);
    Semaphore a(1), b(1);
    ASSERT_TRUE(a.TryAcquire() && b.TryAcquire());
    Choice one(program.loop());
    Choice other(program.loop());
    one.Acquire(a).Acquire(b);
    other.Acquire(b).Acquire(a);
    program.Sometime(1, [&a] { a.Release(); });
    program.Sometime(1, [&b] { b.Release(); });
    program.Sometime(2, [&one] { one.Cancel(); });

    program.Run();

    EXPECT_FALSE(one.blocked() || other.blocked());
    EXPECT_FALSE(other.gave_up());
    const size_t taken = one.gave_up() ? 1 : 2;
    EXPECT_EQ(a.available() + b.available(), 2 - taken);
  });
}

}  // namespace
}  // namespace lev
