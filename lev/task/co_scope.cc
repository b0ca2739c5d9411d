#include "lev/task/co_scope.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "lev/task/cancel_reason.h"
#include "lev/task/task_error.h"

namespace lev {

CoScope::CoScope(Task& owner, const ScopeOptions& options, bool around)
    : Scope(owner, options.policy, around),
      cancels_(options.policy == Policy::kCancelOnError) {
  Instant deadline = options.deadline;
  if (options.timeout != kNever) {
    deadline = std::min(deadline, After(loop().FreshNow(), options.timeout));
  }
  if (deadline != kNever) alarm_.emplace(*this, deadline, options.grace);
}

// Here, and not in Scope's destructor: the tasks that end call FirstFailed.
CoScope::~CoScope() { AbortAll(); }

void CoScope::BodyEnded(const absl::Status& status) {
  left_children_ = live() > 0;
  if (status.ok() || cancelled()) return;
  Cancel(std::make_unique<CancelReason>(std::string(status.message())));
}

Settled<void> CoScope::Conclude(const CoTask& owner, absl::Status body) {
  Close();
  // Another scope's cancellation is an error like any other.
  const bool ours = cancelled() && absl::IsCancelled(body);
  if (!body.ok() && !ours) return {std::move(body), nullptr};
  if (!body.ok() && owner.cancel_pending()) {
    return {CancelledBecause(owner.cancel_reason()), nullptr};
  }
  if (cancels_ && !error_.ok()) return {error_, exception_};
  if (timed_out_ && (!body.ok() || left_children_)) {
    return {TimedOutError(), nullptr};
  }
  return {std::move(body), nullptr};
}

void CoScope::FirstFailed(Task& child) {
  if (auto* const task = dynamic_cast<CoTask*>(&child)) {
    error_ = task->error();
    exception_ = task->exception();
  } else {
    error_ = absl::UnknownError(absl::StrCat(child.Describe(), " failed"));
  }
  if (!cancels_ || cancelled()) return;
  Cancel(std::make_unique<CancelReason>(
      absl::StrCat(child.Describe(), " failed")));
}

CoScope::Alarm::Alarm(CoScope& scope, Instant deadline, Nanos grace)
    : Waiter(scope.loop()), scope_(scope), grace_(grace) {
  loop().Park(*this, {}, deadline);
}

void CoScope::Alarm::Run() {
  if (rung_) return scope_.AbortAll();
  rung_ = true;
  const Instant end = After(loop().now(), grace_);
  if (end != kNever) loop().Park(*this, {}, end);
  scope_.timed_out_ = !scope_.cancelled();
  scope_.Cancel(std::make_unique<CancelReason>("timeout"));
}

}  // namespace lev
