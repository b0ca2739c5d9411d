// The pending deadlines of a loop: an intrusive 4-ary min-heap.
//
// Ordered by (deadline, sequence), so equal deadlines fire in the order in
// which they were set. Each waiter knows its place, so removal needs no
// search. Four children a node halve the height of a binary heap and lie in
// two cache lines. The heap is told the time; it has no clock.

#ifndef LEV_LOOP_TIMER_HEAP_H_
#define LEV_LOOP_TIMER_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "lev/loop/clock.h"
#include "lev/loop/waiter.h"

namespace lev {

class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }

  // The earliest deadline; kNever when there is none.
  Instant next() const {
    return entries_.empty() ? kNever : entries_[0].deadline;
  }

  Instant deadline_of(const Waiter& waiter) const {
    return entries_[waiter.timer_index_].deadline;
  }

  // `waiter` has no deadline yet.
  void Add(Waiter& waiter, Instant deadline);

  // Does nothing when `waiter` has no deadline.
  void Remove(Waiter& waiter);

  void ForEach(absl::FunctionRef<void(const Waiter&)> visit) const {
    for (const Entry& entry : entries_) visit(*entry.waiter);
  }

  // Removes and returns the first waiter whose deadline is at or before
  // `now`; null when there is none.
  Waiter* PopDue(Instant now);

 private:
  struct Entry {
    Instant deadline;
    uint64_t sequence;
    Waiter* waiter;

    bool operator<(const Entry& other) const {
      if (deadline != other.deadline) return deadline < other.deadline;
      return sequence < other.sequence;
    }
  };

  void Place(size_t index, const Entry& entry);
  void SiftUp(size_t index, const Entry& entry);
  void SiftDown(size_t index, const Entry& entry);

  std::vector<Entry> entries_;
  uint64_t next_sequence_ = 0;
};

}  // namespace lev

#endif  // LEV_LOOP_TIMER_HEAP_H_
