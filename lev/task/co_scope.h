// Scopes as coroutines open them, deadlines, and shields.
//
//   absl::Status status = co_await lev::WithScope(
//       {.timeout = 5 * lev::kSecond},
//       [&](lev::Scope& scope) -> lev::Co<absl::Status> {
//         for (const Url& url : urls) lev::Spawn(scope, "fetch", Fetch, url);
//         co_return absl::OkStatus();
//       });
//
// WithScope returns when its body and all tasks of the scope have ended. An
// error of a task cancels the others and the body, and is what WithScope
// returns, unless the body has an error of its own. WithTimeout runs a
// coroutine as a task, so that it can be aborted as well.

#ifndef LEV_TASK_CO_SCOPE_H_
#define LEV_TASK_CO_SCOPE_H_

#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/step.h"
#include "lev/loop/waiter.h"
#include "lev/task/co.h"
#include "lev/task/co_await.h"
#include "lev/task/co_join.h"
#include "lev/task/co_outcome.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_task.h"
#include "lev/task/co_verbs.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"

namespace lev {

struct ScopeOptions {
  Scope::Policy policy = Scope::Policy::kCancelOnError;
  // At the earlier of these the scope is cancelled, with the reason "timeout";
  // what is left of it is aborted `grace` later.
  Nanos timeout = kNever;
  Instant deadline = kNever;
  Nanos grace = kNever;
};

// `co_await AllEnded(scope)`: until the scope has no tasks. A cancellation
// reaches them through the scope, and does not end the wait.
class AllEndedVerb final : public CoVerb {
 public:
  explicit AllEndedVerb(Scope& scope) : scope_(scope) { BeUninterruptible(); }
  void Take() {}

 private:
  Step Try(bool) override {
    return scope_.live() == 0 ? Step::Done() : Step::Blocked(scope_);
  }

  Scope& scope_;
};

inline AllEndedVerb AllEnded(Scope& scope) { return AllEndedVerb(scope); }

// A scope that remembers its first error, and when it goes aborts what is left
// in it.
class CoScope final : public Scope {
 public:
  // A root.
  explicit CoScope(EventLoop& loop) : Scope(loop) {}
  // Opened by `owner`, the task that runs. See Scope for `around`.
  CoScope(Task& owner, const ScopeOptions& options, bool around);
  ~CoScope() override;

  // Of the first task that failed: its error, OK before, and the exception
  // that it ended with instead, if any. A task in Lua is known by its name.
  const absl::Status& error() const { return error_; }
  const std::exception_ptr& exception() const { return exception_; }
  void RethrowException() const {
    if (exception_ != nullptr) std::rethrow_exception(exception_);
  }

  // It was cancelled by its deadline.
  bool timed_out() const { return timed_out_; }

  // The body of WithScope has ended; the tasks, too, and this is what the
  // scope as a whole has come to.
  void BodyEnded(const absl::Status& status);
  Settled<void> Conclude(const CoTask& owner, absl::Status body);

 private:
  class Alarm final : public Waiter {
   public:
    Alarm(CoScope& scope, Instant deadline, Nanos grace);

   private:
    void Run() override;

    CoScope& scope_;
    const Nanos grace_;
    bool rung_ = false;
  };

  void FirstFailed(Task& child) override;

  const bool cancels_ = false;
  bool timed_out_ = false;
  bool left_children_ = false;  // By its body.
  absl::Status error_;
  std::exception_ptr exception_;
  std::optional<Alarm> alarm_;
};

// While one lives, cancellations of the task are kept back: for cleanups that
// wait. `const CancelShield shield(co_await CurrentTask());`
class CancelShield {
 public:
  explicit CancelShield(Task& task) : task_(task) { task_.Shield(); }
  ~CancelShield() { task_.Unshield(); }
  CancelShield(const CancelShield&) = delete;
  CancelShield& operator=(const CancelShield&) = delete;

 private:
  Task& task_;
};

template <typename F, typename... Args>
using CoBody = typename CoReturnOf<std::invoke_result_t<F&, Args...>>::type;

// Calls `body(scope)` in the calling task.
template <typename F>
Co<Outcome<CoBody<F, Scope&>>> WithScope(ScopeOptions options, F body) {
  CoTask& self = co_await CurrentTask();
  if (self.cancel_pending()) {
    absl::Status cancelled = co_await Yield();
    if (!cancelled.ok()) co_return cancelled;
  }
  CoScope scope(self, options, true);
  auto settled = co_await Settle(body(scope));
  scope.BodyEnded(StatusOf(settled.outcome));
  co_await AllEnded(scope);
  Settled<void> whole = scope.Conclude(self, StatusOf(settled.outcome));
  if (settled.exception != nullptr) co_return std::move(settled).Take();
  absl::Status status = std::move(whole).Take();
  if (!status.ok()) co_return status;
  co_return std::move(settled.outcome);
}

template <typename F>
auto WithScope(F body) {
  return WithScope(ScopeOptions(), std::move(body));
}

// Runs `function()`, a Co, as a task. "timeout" if it had to be cancelled, or
// in the end aborted, and brought no result or error of its own.
template <typename F>
Co<Outcome<CoBody<F>>> WithTimeout(Nanos timeout, F function,
                                   Nanos grace = kSecond) {
  CoTask& self = co_await CurrentTask();
  if (self.cancel_pending()) {
    absl::Status cancelled = co_await Yield();
    if (!cancelled.ok()) co_return cancelled;
  }
  CoScope scope(self, {.timeout = timeout, .grace = grace}, false);
  auto body = Spawn(scope, "with_timeout", std::move(function));
  co_await AllEnded(scope);
  body.task().RethrowException();
  const bool cut = body.task().status() == Task::Status::kCancelled ||
                   body.task().status() == Task::Status::kAborted;
  scope.Close();
  if (cut && self.cancel_pending()) {
    co_return CancelledBecause(self.cancel_reason());
  }
  if (cut && scope.timed_out()) co_return TimedOutError();
  co_return body.TakeOutcome();
}

template <typename T>
auto WithTimeout(Nanos timeout, Co<T> co, Nanos grace = kSecond) {
  return WithTimeout(
      timeout, [co = std::move(co)]() mutable { return std::move(co); }, grace);
}

}  // namespace lev

#endif  // LEV_TASK_CO_SCOPE_H_
