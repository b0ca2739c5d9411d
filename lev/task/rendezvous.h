// Points where tasks wait for one another: an event, a condition, a wait
// group, a barrier.
//
// What is told is told to those who wait at that moment, and stays told: a
// state that has changed again before they run takes nothing back.

#ifndef LEV_TASK_RENDEZVOUS_H_
#define LEV_TASK_RENDEZVOUS_H_

#include <cstddef>
#include <cstdint>

#include "lev/loop/step.h"
#include "lev/task/turn.h"

namespace lev {

// A flag. Set lets all go on, those included who come later, until Clear.
class Event final : private TurnSource {
 public:
  void Set();
  void Clear() { set_ = false; }
  bool set() const { return set_; }
  Step Wait(Turn& turn);
  size_t waiting() const { return queue_.size(); }

 private:
  void Withdrawn(Turn&, bool) override {}

  bool set_ = false;
  TurnQueue queue_;
};

// Wakes those who wait, in the order in which they came. Letting go of the
// mutex that guards what they look at, once the first step has blocked, and
// taking it again is the caller's business. A notice to one who then resolves
// otherwise goes to the next.
class Condition final : private TurnSource {
 public:
  Step Wait(Turn& turn);
  // Returns how many were woken.
  size_t Notify(size_t most);
  size_t waiting() const { return queue_.size(); }

 private:
  void Withdrawn(Turn&, bool granted) override {
    if (granted) Notify(1);
  }

  TurnQueue queue_;
};

// A number of things to be done, and those who wait until none is left.
class WaitGroup final : private TurnSource {
 public:
  // False, and nothing is changed, if the count would be negative.
  bool Add(int64_t delta);
  bool Done() { return Add(-1); }
  int64_t count() const { return count_; }
  Step Wait(Turn& turn);
  size_t waiting() const { return queue_.size(); }

 private:
  void Withdrawn(Turn&, bool) override {}

  int64_t count_ = 0;
  TurnQueue queue_;
};

// Lets its parties go on when all have come, again and again. One who leaves
// before that is not counted any more; a call that waits here twice (in a
// TurnGroup) is counted once.
class Barrier final : private TurnSource {
 public:
  explicit Barrier(size_t parties) : parties_(parties) {}

  // When done, turn.amount says as which of the parties it came, from 1.
  Step Wait(Turn& turn);
  size_t parties() const { return parties_; }
  size_t waiting() const { return queue_.calls(); }

 private:
  bool IsLast(const Turn& turn) const;
  void Withdrawn(Turn&, bool) override {}

  const size_t parties_;
  TurnQueue queue_;
};

}  // namespace lev

#endif  // LEV_TASK_RENDEZVOUS_H_
