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

}  // namespace

void Event::Set() {
  set_ = true;
  queue_.GrantAll();
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
  if (count_ == 0) queue_.GrantAll();
  return true;
}

Step WaitGroup::Wait(Turn& turn) {
  if (count_ == 0 && turn.state() == Turn::State::kIdle) return Step::Done();
  return Queue(queue_, turn, *this);
}

Step Barrier::Wait(Turn& turn) {
  if (turn.state() != Turn::State::kIdle || !IsLast(turn)) {
    return Queue(queue_, turn, *this);
  }
  turn.amount = queue_.GrantAll() + 1;
  return Step::Done();
}

// A call that waits here already is not another party.
bool Barrier::IsLast(const Turn& turn) const {
  const TurnGroup* const group = turn.group();
  if (group != nullptr && group->FirstAt(*this) != nullptr) return false;
  return queue_.calls() + 1 >= parties_;
}

}  // namespace lev
