// Decides who runs next, and when.
//
// One turn of the loop:
//   1. Run the waiters that were ready when the turn began; while that took
//      little (kStepsPerTurn, kTurnTime), also those that became ready since.
//   2. If stopped, or nobody is alive (those who serve in the background do
//      not count): return.
//   3. If nobody is ready and nothing outside can wake anybody (no descriptor
//      awaited, no timer pending): it is a deadlock, return that.
//   4. Poll: wait for the world, at most until the first deadline; not at all
//      when somebody is ready.
//   5. Sample the time.
//   6. Fire the descriptors, in the order in which they were reported.
//   7. Fire the timers that are due, by (deadline, order of parking).
// So data beats a timeout in the same turn, and nothing ready can starve the
// world, nor the world what is ready.
//
// Only the loop resumes: everything else moves a waiter to the ready list.
// The loop belongs to the thread that runs it; it borrows its clock and its
// poller. Waiters are withdrawn, and watches closed, before it is destroyed.

#ifndef LEV_LOOP_EVENT_LOOP_H_
#define LEV_LOOP_EVENT_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/loop/chance.h"
#include "lev/loop/clock.h"
#include "lev/loop/fd_watch.h"
#include "lev/loop/poller.h"
#include "lev/loop/timer_heap.h"
#include "lev/loop/waiter.h"

namespace lev {

class Witness;

class EventLoop {
 public:
  struct Options {
    // Not 0: permutes, reproducibly, what may legally come in any order (the
    // ready waiters of a batch, the events of one poll, what Pick is asked).
    uint64_t seed = 0;
    // Not null: decides that order instead, and outlives the loop.
    Chance* chance = nullptr;
    // In a test: whom tasks tell what they do (lev/task/witness.h).
    Witness* witness = nullptr;
  };

  struct Stats {
    size_t parked = 0;          // Waiters that wait, background aside.
    size_t ready = 0;           // Waiters in the ready list.
    size_t timers = 0;          // Pending deadlines.
    size_t registered_fds = 0;  // Descriptors known to the poller.
  };

  // Steps that one turn may take beyond its first batch, and for how long.
  static constexpr int kStepsPerTurn = 64;
  static constexpr Nanos kTurnTime = 100 * kMicrosecond;

  EventLoop(Clock& clock, Poller& poller) : EventLoop(clock, poller, {}) {}
  EventLoop(Clock& clock, Poller& poller, Options options);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Turns until nobody is alive, or Stop. A deadlock is a FailedPrecondition
  // that says "deadlock: ..."; the waiters are then still parked.
  absl::Status Run();

  // For a loop within another one, which calls Step when fd() is readable, and
  // when next_deadline() has come, and after it has woken or scheduled anybody
  // itself: polls, for at most `most`, fires what is due, and runs who is ready
  // (4 to 7 and 1). True while somebody is alive and nobody called Stop. Never
  // a deadlock: the other loop may know better. Never from within the loop.
  bool Step(Nanos most = 0);

  // The poller's; negative if it has none.
  int fd() const { return poller_.fd(); }
  // Before this moment only fd() brings anything new; the past if somebody is
  // ready, kNever if nobody waits for a time.
  Instant next_deadline() const {
    return ready_count_ > 0 ? now_ : timers_.next();
  }

  // Somebody waits, and nothing but a call from outside can wake anybody.
  bool deadlocked() const {
    return ready_count_ + outside_arms_ == 0 && timers_.empty() &&
           parked_count_ > 0;
  }

  // Makes Run return after the waiter that runs now; or Step, or the next one,
  // which then runs nobody.
  void Stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

  // The only verb of waiting. `waiter`, which is idle, will be run after one
  // of `arms` (whose `list` is set, and which stay valid until then) fires,
  // or `deadline` comes, or Wake. A waiter parked on nothing waits for Wake.
  // Those who wait at the same list stand in the order of parking.
  void Park(Waiter& waiter, absl::Span<Arm> arms, Instant deadline = kNever);

  // The common case: one list, and the waiter's own arm.
  void Park(Waiter& waiter, WaitList& list, Instant deadline = kNever) {
    waiter.arm_.list = &list;
    Park(waiter, absl::MakeSpan(&waiter.arm_, 1), deadline);
  }

  // An idle waiter goes to the back of the ready list.
  void Schedule(Waiter& waiter);

  // A parked waiter is taken out of everything and made ready; any other is
  // left alone.
  void Wake(Waiter& waiter);

  // Takes the waiter out of everything. If FireOne had woken it, the next in
  // that list is woken in its place.
  void Withdraw(Waiter& waiter);

  // Wakes the first waiter; it holds the list `occupied` until it runs. False
  // if nobody waits.
  bool FireOne(WaitList& list);

  // The same for a waiter that is parked, as if it were the first in the list
  // of its arm number `arm`.
  void FireArm(Waiter& waiter, int arm);

  // Wakes all, in order, and lets go of those FireOne woke before: afterwards
  // nobody refers to the list, and it may be destroyed.
  void FireAll(WaitList& list);

  // The time sampled in this turn, and the time at this very moment.
  Instant now() const { return now_; }
  Instant FreshNow() { return clock_.Now(); }

  // Null, but in a test.
  Witness* witness() const { return witness_; }

  // For a fair choice: one of 0 to `options` - 1, all of them equally often,
  // unless chance decides; of none, 0.
  size_t Pick(size_t options);

  // A number that nobody else of this loop was given, for humans: 1, 2, ...
  uint32_t NextId() { return ++last_id_; }

  Stats stats() const;
  // Whoever has a deadline, in no order. `visit` changes nothing.
  void ForEachTimer(absl::FunctionRef<void(const Waiter&)> visit) const {
    timers_.ForEach(visit);
  }
  // `waiter` is parked with a deadline.
  Instant DeadlineOf(const Waiter& waiter) const;

 private:
  friend class FdWatch;

  struct Slot {
    FdWatch* watch = nullptr;  // Null while the slot is free.
    uint32_t generation = 0;
  };

  absl::Status Register(FdWatch& watch);
  void Unregister(FdWatch& watch);

  static bool IsHope(const Waiter& waiter, const Arm& arm);
  void Unpark(Waiter& waiter);
  void MakeReady(Waiter& waiter, Waiter::Wake wake);
  void Unlink(Waiter& waiter);
  void RunReady();
  int RunBatch();
  absl::Status Poll(Nanos most);
  void Fire();
  void FireWatches();
  void FireFirst(WaitList& list);
  void FireBoth(FdWatch& watch);
  void FireTimers();
  absl::Status Deadlock() const;
  void ShuffleReady();

  Clock& clock_;
  Poller& poller_;
  Instant now_;
  Link ready_;
  size_t ready_count_ = 0;
  size_t parked_count_ = 0;      // Foreground.
  size_t background_count_ = 0;  // Parked in the background.
  size_t outside_arms_ = 0;      // Arms in lists that the world can fire.
  TimerHeap timers_;
  std::vector<PollEvent> events_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  // By descriptor, who has registered it last.
  absl::flat_hash_map<int, uint32_t> slot_of_fd_;
  std::vector<Waiter*> shuffled_;
  SeededChance seeded_;
  Chance* const chance_;  // Null: everything in its plain order.
  Witness* const witness_;
  uint32_t last_id_ = 0;
  uint64_t picks_ = 0;
  bool stopped_ = false;
  bool turning_ = false;  // A waiter runs.
};

}  // namespace lev

#endif  // LEV_LOOP_EVENT_LOOP_H_
