#include "lev/loop/event_loop.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lev/loop/check.h"

namespace lev {

EventLoop::EventLoop(Clock& clock, Poller& poller, Options options)
    : clock_(clock),
      poller_(poller),
      now_(clock.Now()),
      seeded_(options.seed),
      chance_(options.chance == nullptr && options.seed != 0 ? &seeded_
                                                             : options.chance),
      witness_(options.witness) {}

EventLoop::~EventLoop() {
  LEV_CHECK(ready_count_ + parked_count_ + background_count_ == 0,
            "a loop is destroyed before its waiters");
  LEV_CHECK(free_slots_.size() == slots_.size(),
            "a loop is destroyed before its descriptors are closed");
}

absl::Status EventLoop::Run() {
  stopped_ = false;
  now_ = clock_.Now();
  for (;;) {
    RunReady();
    if (stopped_ || ready_count_ + parked_count_ == 0) {
      return absl::OkStatus();
    }
    if (deadlocked()) return Deadlock();
    const absl::Status polled = Poll(kNever);
    if (!polled.ok()) return Deadlock();
    Fire();
  }
}

bool EventLoop::Step(Nanos most) {
  const bool waits = ready_count_ + parked_count_ > 0 && !stopped_;
  // An error says that nothing will ever happen, as far as the poller knows.
  Poll(waits ? std::max(most, Nanos{0}) : 0).IgnoreError();
  Fire();
  RunReady();
  const bool stopped = std::exchange(stopped_, false);
  return !stopped && ready_count_ + parked_count_ > 0;
}

void EventLoop::RunReady() {
  const Instant began = now_;
  int steps = 0;
  int checked = 0;
  do {
    steps += RunBatch();
    // The clock costs as much as a short step, so it is asked now and then.
    if (steps - checked >= 8) {
      checked = steps;
      if (clock_.Now() - began >= kTurnTime) return;
    }
  } while (ready_count_ > 0 && steps < kStepsPerTurn && !stopped_);
}

int EventLoop::RunBatch() {
  LEV_CHECK(!std::exchange(turning_, true),
            "the loop is turned from within itself");
  ShuffleReady();
  int steps = 0;
  // A mark at the end of the list: those who become ready meanwhile come
  // behind it. Those in front may still be withdrawn by whoever runs.
  Arm end_of_batch;
  end_of_batch.InsertBefore(ready_);
  while (ready_.next != &end_of_batch && !stopped_) {
    Waiter& waiter = *static_cast<Arm*>(ready_.next)->waiter;
    Unlink(waiter);
    if (waiter.holds_wake_) {
      waiter.holds_wake_ = false;
      --waiter.arms_[waiter.woken_by_].list->woken_;
    }
    ++steps;
    waiter.Run();
  }
  end_of_batch.Unlink();
  turning_ = false;
  return steps;
}

absl::Status EventLoop::Poll(Nanos most) {
  events_.clear();
  Nanos timeout = 0;
  if (ready_count_ == 0) {
    const Instant next = timers_.next();
    const Instant fresh = next == kNever ? 0 : clock_.Now();
    timeout = next == kNever ? kNever : (next > fresh ? next - fresh : 0);
  }
  return poller_.Wait(std::min(timeout, most), events_);
}

void EventLoop::Fire() {
  now_ = clock_.Now();
  FireWatches();
  FireTimers();
}

void EventLoop::FireWatches() {
  if (chance_ != nullptr) chance_->Permute(events_);
  for (const PollEvent& event : events_) {
    const Slot& slot = slots_[event.tag & UINT32_MAX];
    // The descriptor was closed after the poller reported it, and the slot
    // may have a new owner: the news is not for them.
    if (slot.watch == nullptr || slot.generation != event.tag >> 32) continue;
    FdWatch& watch = *slot.watch;
    if (event.exceptional) watch.readiness_.exceptional = true;
    if (event.readable) watch.readiness_.readable = true;
    if (event.writable) watch.readiness_.writable = true;
    if (watch.entangled_) {
      FireBoth(watch);
      continue;
    }
    if (event.readable) FireFirst(watch.read_);
    if (event.writable) FireFirst(watch.write_);
  }
}

// One descriptor, one reader: while a woken one has not run yet, further
// edges have nothing to add.
void EventLoop::FireFirst(WaitList& list) {
  if (list.woken_ == 0) FireOne(list);
}

void EventLoop::FireBoth(FdWatch& watch) {
  while (FireOne(watch.read_)) continue;
  while (FireOne(watch.write_)) continue;
}

void EventLoop::FireTimers() {
  while (Waiter* const waiter = timers_.PopDue(now_)) {
    Unpark(*waiter);
    MakeReady(*waiter, Waiter::Wake::kDeadline);
  }
}

absl::Status EventLoop::Deadlock() const {
  return absl::FailedPreconditionError(
      absl::StrCat("deadlock: ", parked_count_,
                   parked_count_ == 1 ? " waiter is" : " waiters are",
                   " blocked and nothing can wake them"));
}

// Whether the world may end a deadlock through this arm.
bool EventLoop::IsHope(const Waiter& waiter, const Arm& arm) {
  return arm.list->origin_ == WaitList::Origin::kOutside && !waiter.looks_on_;
}

void EventLoop::Park(Waiter& waiter, absl::Span<Arm> arms, Instant deadline) {
  LEV_CHECK(waiter.state_ == Waiter::State::kIdle, "parked twice");
  waiter.state_ = Waiter::State::kParked;
  waiter.arms_ = arms.data();
  waiter.arm_count_ = static_cast<uint32_t>(arms.size());
  ++(waiter.background_ ? background_count_ : parked_count_);
  for (Arm& arm : arms) {
    arm.waiter = &waiter;
    arm.InsertBefore(arm.list->head_);
    if (IsHope(waiter, arm)) ++outside_arms_;
  }
  if (deadline != kNever) timers_.Add(waiter, deadline);
}

void EventLoop::Schedule(Waiter& waiter) {
  LEV_CHECK(waiter.state_ == Waiter::State::kIdle, "scheduled twice");
  MakeReady(waiter, Waiter::Wake::kScheduled);
}

void EventLoop::Wake(Waiter& waiter) {
  if (waiter.state_ != Waiter::State::kParked) return;
  Unpark(waiter);
  MakeReady(waiter, Waiter::Wake::kScheduled);
}

void EventLoop::Withdraw(Waiter& waiter) {
  if (waiter.state_ == Waiter::State::kParked) Unpark(waiter);
  if (waiter.state_ != Waiter::State::kReady) return;
  Unlink(waiter);
  if (!waiter.holds_wake_) return;
  waiter.holds_wake_ = false;
  WaitList& list = *waiter.arms_[waiter.woken_by_].list;
  --list.woken_;
  FireOne(list);
}

bool EventLoop::FireOne(WaitList& list) {
  if (list.empty()) return false;
  Arm& arm = *static_cast<Arm*>(list.head_.next);
  FireArm(*arm.waiter, static_cast<int>(&arm - arm.waiter->arms_));
  return true;
}

void EventLoop::FireArm(Waiter& waiter, int arm) {
  LEV_CHECK(waiter.state_ == Waiter::State::kParked, "fired while not parked");
  waiter.woken_by_ = static_cast<uint32_t>(arm);
  waiter.holds_wake_ = true;
  ++waiter.arms_[arm].list->woken_;
  Unpark(waiter);
  MakeReady(waiter, Waiter::Wake::kList);
}

void EventLoop::FireAll(WaitList& list) {
  while (!list.empty()) {
    Arm& arm = *static_cast<Arm*>(list.head_.next);
    Waiter& waiter = *arm.waiter;
    waiter.woken_by_ = static_cast<uint32_t>(&arm - waiter.arms_);
    Unpark(waiter);
    MakeReady(waiter, Waiter::Wake::kList);
  }
  for (Link* link = ready_.next; list.woken_ > 0; link = link->next) {
    Waiter* const waiter = static_cast<Arm*>(link)->waiter;
    if (waiter == nullptr || !waiter->holds_wake_) continue;
    if (waiter->arms_[waiter->woken_by_].list != &list) continue;
    waiter->holds_wake_ = false;
    --list.woken_;
  }
}

// Takes a parked waiter out of its lists and the timers.
void EventLoop::Unpark(Waiter& waiter) {
  for (uint32_t i = 0; i < waiter.arm_count_; ++i) {
    Arm& arm = waiter.arms_[i];
    arm.Unlink();
    if (IsHope(waiter, arm)) --outside_arms_;
  }
  timers_.Remove(waiter);
  waiter.state_ = Waiter::State::kIdle;
  --(waiter.background_ ? background_count_ : parked_count_);
}

void EventLoop::MakeReady(Waiter& waiter, Waiter::Wake wake) {
  waiter.wake_ = wake;
  waiter.state_ = Waiter::State::kReady;
  waiter.arm_.InsertBefore(ready_);
  ++ready_count_;
}

// Takes a ready waiter out of the ready list.
void EventLoop::Unlink(Waiter& waiter) {
  waiter.arm_.Unlink();
  waiter.state_ = Waiter::State::kIdle;
  --ready_count_;
}

size_t EventLoop::Pick(size_t options) {
  if (options < 2) return 0;
  if (chance_ != nullptr) return chance_->Choose(options);
  // Multiples of the golden ratio, modulo 1, are spread evenly, and so is every
  // n-th of them: whoever picks in turn with others gets all options, too.
  picks_ += 0x9e3779b97f4a7c15;
  return static_cast<size_t>((picks_ >> 32) * options >> 32);
}

void EventLoop::ShuffleReady() {
  if (chance_ == nullptr || ready_count_ < 2) return;
  shuffled_.clear();
  for (Link* link = ready_.next; link != &ready_; link = link->next) {
    shuffled_.push_back(static_cast<Arm*>(link)->waiter);
  }
  chance_->Permute(shuffled_);
  for (Waiter* waiter : shuffled_) {
    waiter->arm_.Unlink();
    waiter->arm_.InsertBefore(ready_);
  }
}

absl::Status EventLoop::Register(FdWatch& watch) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t index = free_slots_.back();
  Slot& slot = slots_[index];
  const uint64_t tag = uint64_t{slot.generation} << 32 | index;
  const absl::Status added = poller_.Add(watch.fd(), tag);
  if (!added.ok()) return added;
  free_slots_.pop_back();
  slot.watch = &watch;
  watch.slot_ = index;
  watch.registered_ = true;
  slot_of_fd_[watch.fd()] = index;
  return absl::OkStatus();
}

void EventLoop::Unregister(FdWatch& watch) {
  if (!watch.registered_) return;
  watch.registered_ = false;
  // Another library may have closed its descriptor without a word, and the
  // number may be somebody else's by now, whom the poller is to go on watching.
  const auto found = slot_of_fd_.find(watch.fd());
  if (found != slot_of_fd_.end() && found->second == watch.slot_) {
    poller_.Remove(watch.fd());
    slot_of_fd_.erase(found);
  }
  Slot& slot = slots_[watch.slot_];
  slot.watch = nullptr;
  ++slot.generation;
  free_slots_.push_back(watch.slot_);
}

EventLoop::Stats EventLoop::stats() const {
  return {.parked = parked_count_,
          .ready = ready_count_,
          .timers = timers_.size(),
          .registered_fds = slots_.size() - free_slots_.size()};
}

Instant EventLoop::DeadlineOf(const Waiter& waiter) const {
  return timers_.deadline_of(waiter);
}

}  // namespace lev
