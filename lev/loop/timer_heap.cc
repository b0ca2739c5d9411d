#include "lev/loop/timer_heap.h"

#include <algorithm>

namespace lev {

namespace {
constexpr size_t kChildren = 4;
}  // namespace

void TimerHeap::Add(Waiter& waiter, Instant deadline) {
  entries_.emplace_back();
  SiftUp(entries_.size() - 1, {deadline, next_sequence_++, &waiter});
}

void TimerHeap::Remove(Waiter& waiter) {
  const size_t index = waiter.timer_index_;
  if (index == Waiter::kNoTimer) return;
  waiter.timer_index_ = Waiter::kNoTimer;
  const Entry last = entries_.back();
  entries_.pop_back();
  if (index == entries_.size()) return;
  // The last entry takes the hole; it may belong above or below it.
  if (index > 0 && last < entries_[(index - 1) / kChildren]) {
    SiftUp(index, last);
  } else {
    SiftDown(index, last);
  }
}

Waiter* TimerHeap::PopDue(Instant now) {
  if (next() > now || entries_.empty()) return nullptr;
  Waiter* const due = entries_[0].waiter;
  Remove(*due);
  return due;
}

void TimerHeap::Place(size_t index, const Entry& entry) {
  entries_[index] = entry;
  entry.waiter->timer_index_ = static_cast<uint32_t>(index);
}

void TimerHeap::SiftUp(size_t index, const Entry& entry) {
  while (index > 0) {
    const size_t parent = (index - 1) / kChildren;
    if (!(entry < entries_[parent])) break;
    Place(index, entries_[parent]);
    index = parent;
  }
  Place(index, entry);
}

void TimerHeap::SiftDown(size_t index, const Entry& entry) {
  const size_t size = entries_.size();
  for (;;) {
    const size_t first = index * kChildren + 1;
    if (first >= size) break;
    const size_t end = std::min(first + kChildren, size);
    size_t least = first;
    for (size_t child = first + 1; child < end; ++child) {
      if (entries_[child] < entries_[least]) least = child;
    }
    if (!(entries_[least] < entry)) break;
    Place(index, entries_[least]);
    index = least;
  }
  Place(index, entry);
}

}  // namespace lev
