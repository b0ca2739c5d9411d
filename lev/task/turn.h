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
// Who owns what: a turn belongs to the call; queues are intrusive. Whoever
// grants outlives the turns in its queue, and the waiter parked on a turn is
// withdrawn before the turn is destroyed.

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

  // `turn`, which is idle by now, has left its queue; or, if it was `granted`
  // before, has given that back.
  virtual void Withdrawn(Turn& turn, bool granted) = 0;
};

class Turn : public WaitList, private Link {
 public:
  enum class State : uint8_t { kIdle, kQueued, kGranted };

  // `what` follows "waits for", and outlives the turn.
  explicit Turn(const char* what) : what_(what) {}
  // Whoever is parked here all the same looks again.
  ~Turn() override {
    Withdraw();
    FireAll();
  }

  State state() const { return state_; }
  bool queued() const { return state_ == State::kQueued; }
  bool granted() const { return state_ == State::kGranted; }

  void Withdraw() {
    if (state_ == State::kIdle) return;
    const bool was_granted = granted();
    Link::Unlink();
    state_ = State::kIdle;
    std::exchange(source_, nullptr)->Withdrawn(*this, was_granted);
  }

  std::string Describe() const override { return what_; }

  // What was asked for, or granted: its source says what it means.
  size_t amount = 1;

 private:
  friend class TurnQueue;

  const char* const what_;
  TurnSource* source_ = nullptr;
  State state_ = State::kIdle;
};

// Turns in the order in which they came.
class TurnQueue {
 public:
  TurnQueue() = default;
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;
  ~TurnQueue() { LEV_CHECK(empty(), "a queue is destroyed with its turns"); }

  bool empty() const { return !head_.linked(); }
  Turn& front() const { return *static_cast<Turn*>(head_.next); }

  size_t size() const {
    size_t count = 0;
    for (const Link* link = head_.next; link != &head_; link = link->next) {
      ++count;
    }
    return count;
  }

  // `turn` is idle.
  void Push(Turn& turn, TurnSource& source) {
    LEV_CHECK(turn.state_ == Turn::State::kIdle, "a turn is taken twice");
    turn.source_ = &source;
    turn.state_ = Turn::State::kQueued;
    turn.InsertBefore(head_);
  }

  // The first one's wish is granted.
  Turn& Grant() {
    Turn& turn = Leave();
    turn.state_ = Turn::State::kGranted;
    turn.FireAll();
    return turn;
  }

  // The first one is to try again.
  Turn& Dismiss() {
    Turn& turn = Leave();
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
  Turn& Leave() {
    Turn& turn = front();
    static_cast<Link&>(turn).Unlink();
    return turn;
  }

  Link head_;
};

}  // namespace lev

#endif  // LEV_TASK_TURN_H_
