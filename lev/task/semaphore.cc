#include "lev/task/semaphore.h"

#include "absl/strings/str_cat.h"
#include "lev/loop/check.h"

namespace lev {

bool Semaphore::TryAcquire(size_t permits) {
  if (!queue_.empty() || permits > free_) return false;
  free_ -= permits;
  return true;
}

Step Semaphore::Acquire(Turn& turn, size_t permits) {
  if (turn.queued()) return Step::Blocked(turn);
  if (turn.granted()) {
    TurnQueue::Finish(turn);
    return Step::Done();
  }
  LEV_CHECK(permits <= total_, "a semaphore never has so many permits");
  if (TryAcquire(permits)) return Step::Done();
  turn.amount = permits;
  queue_.Push(turn, *this);
  return Step::Blocked(turn);
}

bool Semaphore::Release(size_t permits) {
  if (permits > total_ - free_) return false;
  free_ += permits;
  Pump();
  return true;
}

void Semaphore::Pump() {
  while (!queue_.empty() && queue_.front().amount <= free_) {
    free_ -= queue_.front().amount;
    queue_.Grant();
  }
}

// One who leaves may have held up others who want less.
void Semaphore::Withdrawn(Turn& turn, bool granted) {
  if (granted) free_ += turn.amount;
  Pump();
}

std::string Semaphore::DescribeHeld() const {
  if (total_ == 1) return "a lock";
  return absl::StrCat(held(), " of ", total_, " permits of a semaphore");
}

std::string RwLock::DescribeHeld() const {
  if (writing_) return "a lock, for writing";
  return absl::StrCat("a lock, for reading by ", readers_);
}

bool RwLock::TryRead() { return queue_.empty() && Admit(kReader); }

bool RwLock::TryWrite() { return queue_.empty() && Admit(kWriter); }

Step RwLock::Lock(Turn& turn, size_t who) {
  if (turn.queued()) return Step::Blocked(turn);
  if (turn.granted()) {
    TurnQueue::Finish(turn);
    return Step::Done();
  }
  if (queue_.empty() && Admit(who)) return Step::Done();
  turn.amount = who;
  queue_.Push(turn, *this);
  return Step::Blocked(turn);
}

bool RwLock::UnlockRead() {
  if (readers_ == 0) return false;
  --readers_;
  Pump();
  return true;
}

bool RwLock::UnlockWrite() {
  if (!writing_) return false;
  writing_ = false;
  Pump();
  return true;
}

bool RwLock::Admit(size_t who) {
  if (writing_) return false;
  if (who == kReader) {
    ++readers_;
  } else if (readers_ == 0) {
    writing_ = true;
  } else {
    return false;
  }
  return true;
}

void RwLock::Pump() {
  while (!queue_.empty() && Admit(queue_.front().amount)) queue_.Grant();
}

void RwLock::Withdrawn(Turn& turn, bool granted) {
  if (granted && turn.amount == kWriter) writing_ = false;
  if (granted && turn.amount == kReader) --readers_;
  Pump();
}

}  // namespace lev
