// Turns: who waits for a thing that is granted, in which order.
//
// A Turn is one caller's place in a queue, and what the caller parks on. The
// grant is a state of the turn, not an event: whoever grants hands the thing
// over there and then, and wakes. So a wake may be spurious, and a caller who
// is woken and resolves otherwise gives back what is already theirs: nothing
// is granted to the dead, and nobody who came later overtakes.
//
// The steps of those who grant (channels, semaphores, ...) take a turn. It is
// idle before the first step and after the one that is done; destroying it, or
// Withdraw, takes back whatever the call has begun.
//
// A call that waits for one of several things has a turn for each, in a
// TurnGroup: granting one withdraws the others there and then, before anybody
// can grant them, too. So two such calls meet at one point, or at none.
//
// Who owns what: a turn belongs to the call; queues and groups are intrusive.
// Whoever grants outlives the turns in its queue, and the waiter parked on a
// turn is withdrawn before the turn is destroyed.

#ifndef LEV_TASK_TURN_H_
#define LEV_TASK_TURN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "lev/loop/check.h"
#include "lev/loop/waiter.h"

namespace lev {

class Turn;
class TurnGroup;

// Who grants.
class TurnSource {
 public:
  TurnSource(const TurnSource&) = delete;
  TurnSource& operator=(const TurnSource&) = delete;

 protected:
  TurnSource() = default;
  virtual ~TurnSource() = default;

 private:
  friend class Turn;
  friend class TurnGroup;

  // `turn`, which is idle by now, has left its queue; or, if it was `granted`
  // before, has given that back.
  virtual void Withdrawn(Turn& turn, bool granted) = 0;
};

// A turn's places in the two lists in which it may be.
struct QueuePlace : Link {};
struct GroupPlace : Link {};

class Turn : public WaitList, private QueuePlace, private GroupPlace {
 public:
  enum class State : uint8_t { kIdle, kQueued, kGranted };

  // `what` follows "waits for", and outlives the turn.
  explicit Turn(const char* what, Origin origin = Origin::kInside)
      : WaitList(origin), what_(what) {}
  // Whoever is parked here all the same looks again.
  ~Turn() override {
    Withdraw();
    GroupPlace::Unlink();
    FireAll();
  }

  State state() const { return state_; }
  bool queued() const { return state_ == State::kQueued; }
  bool granted() const { return state_ == State::kGranted; }

  void Withdraw() {
    if (state_ == State::kIdle) return;
    const bool was_granted = granted();
    QueuePlace::Unlink();
    state_ = State::kIdle;
    std::exchange(source_, nullptr)->Withdrawn(*this, was_granted);
  }

  // It is one of those in `group` from now on, known there as `member`.
  void Join(TurnGroup& group, const void* member);
  TurnGroup* group() const { return group_; }

  std::string Describe() const override { return what_; }

  // What was asked for, or granted: its source says what it means.
  size_t amount = 1;

 private:
  friend class TurnGroup;
  friend class TurnQueue;

  const char* const what_;
  TurnSource* source_ = nullptr;
  TurnGroup* group_ = nullptr;
  const void* member_ = nullptr;
  State state_ = State::kIdle;
};

// Turns of which at most one is granted. A turn that outlives it goes on
// alone.
class TurnGroup {
 public:
  TurnGroup() = default;
  TurnGroup(const TurnGroup&) = delete;
  TurnGroup& operator=(const TurnGroup&) = delete;
  ~TurnGroup() {
    while (turns_.linked()) {
      Turn& turn = At(turns_.next);
      turn.group_ = nullptr;
      static_cast<GroupPlace&>(turn).Unlink();
    }
  }

  // Which member's turn was granted; null if none.
  const void* granted() const {
    for (const Link* link = turns_.next; link != &turns_; link = link->next) {
      const Turn& turn = At(link);
      if (turn.granted()) return turn.member_;
    }
    return nullptr;
  }

  // Takes those that are queued out of their queues. All at once, and only
  // then are their sources told: one that leaves may let another go first.
  void WithdrawQueued() {
    Leave();
    TellSources();
  }

  // The first of those that are queued at `source`; null if none.
  const Turn* FirstAt(const TurnSource& source) const;

 private:
  friend class Turn;
  friend class TurnQueue;

  void Leave();
  void TellSources();

  static Turn& At(Link* link) {
    return *static_cast<Turn*>(static_cast<GroupPlace*>(link));
  }
  static const Turn& At(const Link* link) {
    return *static_cast<const Turn*>(static_cast<const GroupPlace*>(link));
  }

  Link turns_;
};

inline void Turn::Join(TurnGroup& group, const void* member) {
  LEV_CHECK(group_ == nullptr && state_ == State::kIdle,
            "a turn joins a group late");
  group_ = &group;
  member_ = member;
  GroupPlace::InsertBefore(group.turns_);
}

// Turns in the order in which they came.
class TurnQueue {
 public:
  TurnQueue() = default;
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;
  ~TurnQueue() { LEV_CHECK(empty(), "a queue is destroyed with its turns"); }

  bool empty() const { return !head_.linked(); }
  Turn& front() const { return At(head_.next); }

  // The first one, past those of `group`: nobody meets oneself. Null if none.
  Turn* FirstOutside(const TurnGroup* group) const {
    for (Link* link = head_.next; link != &head_; link = link->next) {
      Turn& turn = At(link);
      if (group == nullptr || turn.group_ != group) return &turn;
    }
    return nullptr;
  }

  size_t size() const;
  // The calls whose turns these are: a group in several places is one.
  size_t calls() const;

  // `turn` is idle.
  void Push(Turn& turn, TurnSource& source) {
    LEV_CHECK(turn.state_ == Turn::State::kIdle, "a turn is taken twice");
    turn.source_ = &source;
    turn.state_ = Turn::State::kQueued;
    static_cast<QueuePlace&>(turn).InsertBefore(head_);
  }

  // The first one's wish is granted.
  Turn& Grant() {
    Turn& turn = front();
    Grant(turn);
    return turn;
  }
  // That of `turn`, which is in this queue.
  static void Grant(Turn& turn) {
    static_cast<QueuePlace&>(turn).Unlink();
    turn.state_ = Turn::State::kGranted;
    if (turn.group_ != nullptr) turn.group_->WithdrawQueued();
    turn.FireAll();
  }

  // All at once: what one leaves for this lets none of them go elsewhere. Each
  // one's amount becomes its place, from 1; returns how many they were.
  size_t GrantAll();

  // The first one is to try again.
  Turn& Dismiss() {
    Turn& turn = front();
    static_cast<QueuePlace&>(turn).Unlink();
    turn.source_ = nullptr;
    turn.state_ = Turn::State::kIdle;
    turn.FireAll();
    return turn;
  }

  // The caller has taken what `turn` was granted.
  static void Finish(Turn& turn) {
    turn.source_ = nullptr;
    turn.state_ = Turn::State::kIdle;
  }

 private:
  static Turn& At(Link* link) {
    return *static_cast<Turn*>(static_cast<QueuePlace*>(link));
  }
  static const Turn& At(const Link* link) {
    return *static_cast<const Turn*>(static_cast<const QueuePlace*>(link));
  }

  Link head_;
};

}  // namespace lev

#endif  // LEV_TASK_TURN_H_
