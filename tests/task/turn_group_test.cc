// Tests lev/task/turn.h and lev/task/turn.cc: of the turns of a group, at most
// one is granted.

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/task/channel.h"
#include "lev/task/rendezvous.h"
#include "lev/task/semaphore.h"
#include "lev/task/turn.h"

namespace lev {
namespace {

using Numbers = Channel<int>;

// Two turns of one call.
struct Pair {
  Pair() {
    one.Join(group, &one);
    other.Join(group, &other);
  }

  TurnGroup group;
  Turn one{"one thing"};
  Turn other{"another"};
};

TEST(TurnGroup, AGrantWithdrawsTheOthers) {
  Semaphore a(1), b(1);
  a.TryAcquire();
  b.TryAcquire();
  Pair pair;
  a.Acquire(pair.one);
  b.Acquire(pair.other);
  EXPECT_EQ(pair.group.granted(), nullptr);

  b.Release();

  EXPECT_EQ(pair.group.granted(), &pair.other);
  EXPECT_FALSE(pair.one.queued());
  EXPECT_EQ(a.waiting(), 0u);
}

TEST(TurnGroup, ASiblingIsNotGrantedByWhatTheWithdrawalFrees) {
  Semaphore semaphore(3);
  semaphore.TryAcquire(3);
  Event event;
  TurnGroup group;
  Turn large("all"), small("one"), flag("an event");
  large.Join(group, &large);
  small.Join(group, &small);
  flag.Join(group, &flag);
  semaphore.Acquire(large, 3);
  semaphore.Acquire(small, 1);
  semaphore.Release(1);
  event.Wait(flag);

  event.Set();

  EXPECT_EQ(group.granted(), &flag);
  EXPECT_EQ(semaphore.available(), 1u);
}

TEST(TurnGroup, AWithdrawalLetsOthersGo) {
  Semaphore semaphore(2);
  semaphore.TryAcquire(1);
  Event event;
  Pair pair;
  semaphore.Acquire(pair.one, 2);
  event.Wait(pair.other);
  Turn stranger("a permit");
  semaphore.Acquire(stranger, 1);
  EXPECT_TRUE(stranger.queued());

  event.Set();

  EXPECT_TRUE(stranger.granted());
}

TEST(TurnGroup, WhatWasGrantedIsGivenBack) {
  Semaphore semaphore(1);
  semaphore.TryAcquire();
  {
    Pair pair;
    semaphore.Acquire(pair.one);
    semaphore.Release();
    EXPECT_EQ(pair.group.granted(), &pair.one);
  }
  EXPECT_EQ(semaphore.available(), 1u);
}

TEST(TurnGroup, TwoCallsThatMeetInTwoPlacesMeetInOne) {
  Numbers a(0), b(0);
  TurnGroup senders, receivers;
  Numbers::Sender to_a, to_b;
  Numbers::Receiver from_a, from_b;
  to_a.Join(senders, &to_a);
  to_b.Join(senders, &to_b);
  from_a.Join(receivers, &from_a);
  from_b.Join(receivers, &from_b);
  int one = 1, two = 2;
  std::optional<int> received;
  a.Send(to_a, one);
  b.Send(to_b, two);

  EXPECT_TRUE(b.Receive(from_b, received).done());

  EXPECT_EQ(received, 2);
  EXPECT_EQ(senders.granted(), &to_b);
  EXPECT_TRUE(a.Receive(from_a, received).blocked());
}

TEST(TurnGroup, NobodyMeetsOneself) {
  Numbers channel(0);
  TurnGroup group;
  Numbers::Sender sender;
  Numbers::Receiver receiver, stranger;
  sender.Join(group, &sender);
  receiver.Join(group, &receiver);
  int number = 1;
  std::optional<int> received;

  EXPECT_TRUE(channel.Send(sender, number).blocked());
  EXPECT_TRUE(channel.Receive(receiver, received).blocked());

  EXPECT_TRUE(channel.Receive(stranger, received).done());
  EXPECT_EQ(received, 1);
  EXPECT_EQ(channel.receivers(), 0u);
}

TEST(TurnGroup, ReceivingDoesNotLetOnesOwnSenderIn) {
  Numbers channel(1);
  int old = 1, fresh = 2;
  channel.TrySend(old);
  TurnGroup group;
  Numbers::Sender sender;
  Numbers::Receiver receiver;
  sender.Join(group, &sender);
  receiver.Join(group, &receiver);
  std::optional<int> received;
  EXPECT_TRUE(channel.Send(sender, fresh).blocked());

  EXPECT_TRUE(channel.Receive(receiver, received).done());

  EXPECT_EQ(group.granted(), nullptr);
  EXPECT_EQ(channel.size(), 0u);
}

TEST(TurnGroup, IsOnePartyOfABarrier) {
  Barrier barrier(2);
  Pair pair;

  EXPECT_TRUE(barrier.Wait(pair.one).blocked());
  EXPECT_TRUE(barrier.Wait(pair.other).blocked());
  EXPECT_EQ(barrier.waiting(), 1u);

  Turn stranger("a barrier");
  EXPECT_TRUE(barrier.Wait(stranger).done());
  EXPECT_EQ(stranger.amount, 2u);
  EXPECT_EQ(pair.group.granted(), &pair.one);
  EXPECT_EQ(barrier.waiting(), 0u);
}

TEST(TurnGroup, AllWhomABarrierCountedGoThroughIt) {
  Barrier barrier(3);
  Semaphore semaphore(2);
  semaphore.TryAcquire(1);
  Pair holding_up, behind;
  barrier.Wait(holding_up.one);
  semaphore.Acquire(holding_up.other, 2);
  barrier.Wait(behind.one);
  semaphore.Acquire(behind.other, 1);
  Turn last("a barrier");

  EXPECT_TRUE(barrier.Wait(last).done());

  EXPECT_EQ(last.amount, 3u);
  EXPECT_EQ(holding_up.group.granted(), &holding_up.one);
  EXPECT_EQ(behind.group.granted(), &behind.one);
  EXPECT_FALSE(behind.other.granted());
  EXPECT_EQ(semaphore.available(), 1u);
}

TEST(TurnGroup, MayGoBeforeItsTurns) {
  Semaphore semaphore(1);
  semaphore.TryAcquire();
  Turn turn("a permit");
  {
    TurnGroup group;
    turn.Join(group, &turn);
    semaphore.Acquire(turn);
  }
  EXPECT_EQ(turn.group(), nullptr);
  semaphore.Release();
  EXPECT_TRUE(turn.granted());
}

}  // namespace
}  // namespace lev
