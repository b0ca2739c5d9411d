#include "lev/task/turn.h"

namespace lev {

const Turn* TurnGroup::FirstAt(const TurnSource& source) const {
  for (const Link* link = turns_.next; link != &turns_; link = link->next) {
    const Turn& turn = At(link);
    if (turn.queued() && turn.source_ == &source) return &turn;
  }
  return nullptr;
}

void TurnGroup::Leave() {
  for (Link* link = turns_.next; link != &turns_; link = link->next) {
    Turn& turn = At(link);
    if (!turn.queued()) continue;
    static_cast<QueuePlace&>(turn).Unlink();
    turn.state_ = Turn::State::kIdle;
  }
}

void TurnGroup::TellSources() {
  for (Link* link = turns_.next; link != &turns_; link = link->next) {
    Turn& turn = At(link);
    if (turn.state_ != Turn::State::kIdle || turn.source_ == nullptr) continue;
    std::exchange(turn.source_, nullptr)->Withdrawn(turn, false);
  }
}

size_t TurnQueue::size() const {
  size_t count = 0;
  for (const Link* link = head_.next; link != &head_; link = link->next) {
    ++count;
  }
  return count;
}

size_t TurnQueue::calls() const {
  size_t count = 0;
  for (const Link* link = head_.next; link != &head_; link = link->next) {
    const Turn& turn = At(link);
    const TurnGroup* const group = turn.group_;
    if (group == nullptr || group->FirstAt(*turn.source_) == &turn) ++count;
  }
  return count;
}

size_t TurnQueue::GrantAll() {
  size_t count = 0;
  // What leaves is behind the turn for which it does: this one stays linked.
  for (Link* link = head_.next; link != &head_; link = link->next) {
    Turn& turn = At(link);
    turn.state_ = Turn::State::kGranted;
    turn.amount = ++count;
    if (turn.group_ != nullptr) turn.group_->Leave();
  }
  while (!empty()) {
    Turn& turn = front();
    static_cast<QueuePlace&>(turn).Unlink();
    if (turn.group_ != nullptr) turn.group_->TellSources();
    turn.FireAll();
  }
  return count;
}

}  // namespace lev
