// How tasks that are coroutines end, and who waits for that.
//
// A handle that is dropped changes nothing: the task goes on, and who waits for
// its end is told. A handle does not outlive its loop.

#ifndef LEV_TASK_CO_JOIN_H_
#define LEV_TASK_CO_JOIN_H_

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "lev/loop/check.h"
#include "lev/loop/step.h"
#include "lev/task/cancel_reason.h"
#include "lev/task/co_await.h"
#include "lev/task/co_outcome.h"
#include "lev/task/co_task.h"
#include "lev/task/task.h"
#include "lev/task/task_error.h"

namespace lev {

// A task with its outcome.
template <typename T>
class CoTaskOf : public CoTask {
 public:
  absl::Status error() const final {
    return ended() ? StatusOf(outcome_) : absl::OkStatus();
  }
  Outcome<T>& outcome() { return outcome_; }

 protected:
  using CoTask::CoTask;

  void FinishWith(Settled<T> settled) {
    outcome_ = std::move(settled.outcome);
    Finish(StatusOf(outcome_), std::move(settled.exception));
  }

 private:
  Outcome<T> outcome_ = TaskAbortedError();
};

// `co_await Join(task)`: until a task of any kind has ended. An error is of the
// wait, and not the task's. It keeps a coroutine's task alive; others live
// until the wait has ended.
class JoinVerb : public CoVerb {
 public:
  JoinVerb(Task& target, WaitOptions options)
      : CoVerb(options),
        target_(target),
        held_(dynamic_cast<CoTask*>(&target)) {
    if (held_ != nullptr) held_->Hold();
  }
  ~JoinVerb() override {
    if (held_ != nullptr) held_->LetGo();
  }
  absl::Status Take() { return status(); }

 protected:
  Step Try(bool) override {
    LEV_CHECK(&target_ != &task(), "a task joins itself");
    if (!target_.ended()) return Step::Blocked(target_);
    target_.Hear();
    return Step::Done();
  }

 private:
  Task& target_;
  CoTask* const held_;
};

inline JoinVerb Join(Task& target, WaitOptions options = {}) {
  return JoinVerb(target, options);
}

template <typename T>
class JoinHandle;

// Of JoinHandle::Join: how the task has ended, or why the wait did.
template <typename T, bool kMoves>
class JoinHandleVerb final : public JoinVerb {
 public:
  JoinHandleVerb(CoTaskOf<T>& target, WaitOptions options)
      : JoinVerb(target, options), target_(target) {}

  Outcome<T> Take() {
    if (!status().ok()) return status();
    target_.RethrowException();
    if constexpr (kMoves) {
      return std::move(target_.outcome());
    } else {
      return target_.outcome();
    }
  }

 private:
  CoTaskOf<T>& target_;
};

// Whoever spawned a task has one, and may pass it on.
template <typename T>
class JoinHandle {
 public:
  JoinHandle() = default;
  explicit JoinHandle(std::unique_ptr<CoTaskOf<T>> task)
      : task_(task.release()) {}
  JoinHandle(JoinHandle&& other) noexcept
      : task_(std::exchange(other.task_, nullptr)) {}
  JoinHandle& operator=(JoinHandle&& other) noexcept {
    if (this != &other) Reset(std::exchange(other.task_, nullptr));
    return *this;
  }
  ~JoinHandle() { Reset(nullptr); }

  // False for one that was moved from. The rest wants a task.
  explicit operator bool() const { return task_ != nullptr; }

  // Awaits its end: an Outcome<T>. As often as one likes, if T can be copied;
  // `std::move(handle).Join()` takes the value away.
  JoinHandleVerb<T, false> Join(WaitOptions options = {}) & {
    return JoinHandleVerb<T, false>(*task_, options);
  }
  JoinHandleVerb<T, true> Join(WaitOptions options = {}) && {
    return JoinHandleVerb<T, true>(*task_, options);
  }

  // Every wait of the task returns "cancelled" from now on, until it ends.
  void Cancel(std::string reason) {
    task_->Cancel(std::make_unique<CancelReason>(std::move(reason)));
  }
  // Destroys its frames.
  void Abort() { task_->Abort(); }

  bool ended() const { return task_->ended(); }
  // Once it has ended: "aborted" if it was. Before, that, too.
  const Outcome<T>& outcome() const {
    task_->Hear();
    return task_->outcome();
  }
  const std::exception_ptr& exception() const {
    task_->Hear();
    return task_->exception();
  }
  // The same, moved, or thrown.
  Outcome<T> TakeOutcome() {
    task_->Hear();
    task_->RethrowException();
    return std::move(task_->outcome());
  }
  CoTask& task() const { return *task_; }

 private:
  void Reset(CoTaskOf<T>* task) {
    CoTaskOf<T>* const old = std::exchange(task_, task);
    if (old != nullptr) static_cast<CoTask*>(old)->LetGo();
  }

  CoTaskOf<T>* task_ = nullptr;
};

}  // namespace lev

#endif  // LEV_TASK_CO_JOIN_H_
