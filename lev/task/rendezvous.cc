#include "lev/task/rendezvous.h"

#include <limits>

namespace lev {
namespace {

// Joins the queue, or goes on after a grant.
Step Queue(TurnQueue& queue, Turn& turn, TurnSource& source) {
  if (turn.granted()) {
    TurnQueue::Finish(turn);
    return Step::Done();
  }
  if (!turn.queued()) queue.Push(turn, source);
  return Step::Blocked(turn);
}

void GrantAll(TurnQueue& queue) {
  while (!queue.empty()) queue.Grant();
}

}  // namespace

void Event::Set() {
  set_ = true;
  GrantAll(queue_);
}

Step Event::Wait(Turn& turn) {
  if (set_ && turn.state() == Turn::State::kIdle) return Step::Done();
  return Queue(queue_, turn, *this);
}

Step Condition::Wait(Turn& turn) { return Queue(queue_, turn, *this); }

size_t Condition::Notify(size_t most) {
  size_t woken = 0;
  for (; woken < most && !queue_.empty(); ++woken) queue_.Grant();
  return woken;
}

bool WaitGroup::Add(int64_t delta) {
  if (delta < -count_) return false;
  if (delta > std::numeric_limits<int64_t>::max() - count_) return false;
  count_ += delta;
  if (count_ == 0) GrantAll(queue_);
  return true;
}

Step WaitGroup::Wait(Turn& turn) {
  if (count_ == 0 && turn.state() == Turn::State::kIdle) return Step::Done();
  return Queue(queue_, turn, *this);
}

Step Barrier::Wait(Turn& turn) {
  const bool last = queue_.size() + 1 >= parties_;
  if (turn.state() != Turn::State::kIdle || !last) {
    return Queue(queue_, turn, *this);
  }
  size_t number = 0;
  while (!queue_.empty()) queue_.Grant().amount = ++number;
  turn.amount = number + 1;
  return Step::Done();
}

}  // namespace lev
