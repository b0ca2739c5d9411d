// Awaitable verbs of what tasks wait for among themselves: channels, locks,
// and meeting points.
//
// All end with "timeout" or "cancelled" when their options say so, and then
// nothing was sent, received, taken or counted.

#ifndef LEV_TASK_CO_SYNC_H_
#define LEV_TASK_CO_SYNC_H_

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/loop/step.h"
#include "lev/task/channel.h"
#include "lev/task/co.h"
#include "lev/task/co_await.h"
#include "lev/task/co_scope.h"
#include "lev/task/rendezvous.h"
#include "lev/task/semaphore.h"
#include "lev/task/task_error.h"
#include "lev/task/turn.h"
#include "lev/task/witness.h"

namespace lev {

template <typename T>
class ChannelSendVerb final : public CoVerb {
 public:
  ChannelSendVerb(Channel<T>& channel, T value, WaitOptions options)
      : CoVerb(options), channel_(channel), value_(std::move(value)) {}

  absl::Status Take() { return failed() ? ChannelClosedError() : status(); }

 private:
  Step Try(bool) override { return channel_.Send(turn_, value_); }
  void Undo() override { turn_.Withdraw(); }

  Channel<T>& channel_;
  T value_;
  typename Channel<T>::Sender turn_;
};

// OK once a receiver has the value, or the channel. Error: "closed".
template <typename T>
ChannelSendVerb<T> Send(Channel<T>& channel, std::type_identity_t<T> value,
                        WaitOptions options = {}) {
  return ChannelSendVerb<T>(channel, std::move(value), options);
}

template <typename T>
class ChannelReceiveVerb final : public CoVerb {
 public:
  ChannelReceiveVerb(Channel<T>& channel, WaitOptions options)
      : CoVerb(options), channel_(channel) {}

  absl::StatusOr<T> Take() {
    if (failed()) return ChannelClosedError();
    if (!status().ok()) return status();
    return *std::move(value_);
  }

 private:
  Step Try(bool) override { return channel_.Receive(turn_, value_); }
  void Undo() override { turn_.Withdraw(); }

  Channel<T>& channel_;
  std::optional<T> value_;
  typename Channel<T>::Receiver turn_;
};

// A StatusOr<T>. Error: "closed", once the channel is empty as well.
template <typename T>
ChannelReceiveVerb<T> Receive(Channel<T>& channel, WaitOptions options = {}) {
  return ChannelReceiveVerb<T>(channel, options);
}

// What was taken, and is given back when this goes.
class Held {
 public:
  using Giver = void (*)(void* of, size_t count);

  // Nothing.
  Held() = default;
  Held(Giver giver, void* of, size_t count)
      : giver_(giver), of_(of), count_(count) {}
  Held(Held&& other) noexcept { *this = std::move(other); }
  Held& operator=(Held&& other) noexcept {
    if (this == &other) return *this;
    Release();
    giver_ = std::exchange(other.giver_, nullptr);
    of_ = other.of_;
    count_ = other.count_;
    return *this;
  }
  ~Held() { Release(); }

  explicit operator bool() const { return giver_ != nullptr; }
  // Gives it back now.
  void Release() {
    if (giver_ != nullptr) std::exchange(giver_, nullptr)(of_, count_);
  }

 private:
  Giver giver_ = nullptr;
  void* of_ = nullptr;
  size_t count_ = 0;
};

inline Permits& PermitsOf(Permits& permits) { return permits; }
inline Permits& PermitsOf(Mutex& mutex) { return mutex.permits(); }

// Takes something in a turn, by `kStep`, and gives it back by `kGiver`.
template <typename Lock, Step (*kStep)(Lock&, Turn&, size_t),
          Held::Giver kGiver>
class TakeVerb final : public CoVerb {
 public:
  TakeVerb(Lock& lock, size_t count, WaitOptions options)
      : CoVerb(options), lock_(lock), count_(count) {}

  absl::StatusOr<Held> Take() {
    if (!status().ok()) return status();
    Witness* const witness = loop().witness();
    if (witness != nullptr) witness->Took(PermitsOf(lock_), count_, &task());
    return Held(kGiver, &lock_, count_);
  }

 private:
  Step Try(bool) override { return kStep(lock_, turn_, count_); }
  void Undo() override { turn_.Withdraw(); }

  Lock& lock_;
  const size_t count_;
  Turn turn_{"a lock"};
};

namespace co_internal {

inline Step Acquire(Semaphore& semaphore, Turn& turn, size_t count) {
  return semaphore.Acquire(turn, count);
}
inline void Release(void* of, size_t count) {
  static_cast<Semaphore*>(of)->Release(count);
}
inline Step Lock(Mutex& mutex, Turn& turn, size_t) { return mutex.Lock(turn); }
inline void Unlock(void* of, size_t) { static_cast<Mutex*>(of)->Unlock(); }
inline Step Read(RwLock& lock, Turn& turn, size_t) { return lock.Read(turn); }
inline void UnlockRead(void* of, size_t) {
  static_cast<RwLock*>(of)->UnlockRead();
}
inline Step Write(RwLock& lock, Turn& turn, size_t) { return lock.Write(turn); }
inline void UnlockWrite(void* of, size_t) {
  static_cast<RwLock*>(of)->UnlockWrite();
}

using AcquireVerb = TakeVerb<Semaphore, Acquire, Release>;
using LockVerb = TakeVerb<Mutex, Lock, Unlock>;
using ReadVerb = TakeVerb<RwLock, Read, UnlockRead>;
using WriteVerb = TakeVerb<RwLock, Write, UnlockWrite>;

}  // namespace co_internal

// All of these: a StatusOr<Held>.
inline co_internal::AcquireVerb Acquire(Semaphore& semaphore,
                                        size_t permits = 1,
                                        WaitOptions options = {}) {
  return co_internal::AcquireVerb(semaphore, permits, options);
}
inline co_internal::LockVerb Lock(Mutex& mutex, WaitOptions options = {}) {
  return co_internal::LockVerb(mutex, 1, options);
}
inline co_internal::ReadVerb LockRead(RwLock& lock, WaitOptions options = {}) {
  return co_internal::ReadVerb(lock, 1, options);
}
inline co_internal::WriteVerb LockWrite(RwLock& lock,
                                        WaitOptions options = {}) {
  return co_internal::WriteVerb(lock, 1, options);
}

// Waits at an Event, a WaitGroup, a Barrier or a Condition.
template <typename Place>
class MeetVerb : public CoVerb {
 public:
  MeetVerb(Place& place, WaitOptions options)
      : CoVerb(options), place_(place) {}

  absl::Status Take() { return status(); }

 protected:
  Step Try(bool) override { return place_.Wait(turn_); }
  void Undo() override { turn_.Withdraw(); }

 private:
  Place& place_;
  Turn turn_{"others"};
};

inline MeetVerb<Event> Wait(Event& event, WaitOptions options = {}) {
  return MeetVerb<Event>(event, options);
}
inline MeetVerb<WaitGroup> Wait(WaitGroup& group, WaitOptions options = {}) {
  return MeetVerb<WaitGroup>(group, options);
}
inline MeetVerb<Barrier> Wait(Barrier& barrier, WaitOptions options = {}) {
  return MeetVerb<Barrier>(barrier, options);
}

// Lets go of the lock as soon as it waits.
class ConditionVerb final : public MeetVerb<Condition> {
 public:
  ConditionVerb(Condition& condition, Held& lock, WaitOptions options)
      : MeetVerb(condition, options), lock_(lock) {}

 private:
  Step Try(bool retry) override {
    const Step step = MeetVerb::Try(retry);
    lock_.Release();
    return step;
  }

  Held& lock_;
};

// Waits for a notice without `lock`, which is of `mutex`, and has it again
// when it returns, whatever ended the wait.
inline Co<absl::Status> Wait(Condition& condition, Mutex& mutex, Held& lock,
                             WaitOptions options = {}) {
  absl::Status status = co_await ConditionVerb(condition, lock, options);
  if (lock) co_return status;  // It was cancelled before it began.
  const CancelShield shield(co_await CurrentTask());
  absl::StatusOr<Held> again = co_await Lock(mutex);
  lock = *std::move(again);
  co_return status;
}

}  // namespace lev

#endif  // LEV_TASK_CO_SYNC_H_
