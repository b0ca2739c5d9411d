#include "lev/task/task.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lev/loop/check.h"
#include "lev/task/scope.h"
#include "lev/task/witness.h"

namespace lev {

Task::Task(Scope& scope, uint32_t id, uint32_t parent_id)
    : Waiter(scope.loop()),
      scope_(&scope),
      id_(id),
      parent_id_(parent_id),
      cancelled_(scope.cancelled()),
      abort_requested_(false),
      guest_(false),
      around_cancelled_(false),
      unheard_(false) {
  scope.Add(*this);
}

Task::~Task() { LEV_CHECK(ended(), "a task is destroyed before it ended"); }

Scope& Task::current_scope() const {
  return innermost_ != nullptr ? *innermost_ : *scope_;
}

void Task::Cancel(std::unique_ptr<CancelReason> reason) {
  if (ended() || cancelled_) return;
  reason_ = std::move(reason);
  cancelled_ = true;
  if (shields_ == 0) DeliverCancel();
}

void Task::CancelWithScope(Scope*& marked) {
  if (cancelled_) return;
  cancelled_ = true;
  if (shields_ == 0) DeliverCancel(marked);
}

// `around`, which it has open, was cancelled, and so is what it does inside,
// unless a shield is between.
void Task::CancelWithin(const Scope& around, Scope*& marked) {
  around_cancelled_ = true;
  for (Scope* scope = innermost_; scope != &around; scope = scope->outer_) {
    if (scope->shields_ == around.shields_) scope->Mark(marked);
  }
  if (shields_ == around.shields_) loop().Wake(*this);
}

// The innermost scope around what it does that is cancelled, inside of all
// shields; or null.
const Scope* Task::CancelledAround() const {
  for (const Scope* scope = innermost_;
       scope != nullptr && scope->shields_ == shields_; scope = scope->outer_) {
    if (scope->around_ && scope->cancelled_) return scope;
  }
  return nullptr;
}

void Task::DeliverCancel() {
  Scope* marked = nullptr;
  DeliverCancel(marked);
  Scope::Spread(marked);
}

void Task::DeliverCancel(Scope*& marked) {
  ForEachOpenScope([&](Scope& scope) { scope.Mark(marked); });
  loop().Wake(*this);
}

void Task::ForEachOpenScope(absl::FunctionRef<void(Scope&)> visit) const {
  for (Scope* scope = innermost_; scope != nullptr; scope = scope->outer_) {
    visit(*scope);
  }
}

const CancelReason* Task::cancel_reason() const {
  if (!cancelled_ || shields_ > 0) {
    const Scope* const around = CancelledAround();
    if (around != nullptr) return around->reason();
  }
  if (reason_ != nullptr || scope_ == nullptr) return reason_.get();
  return scope_->reason();
}

void Task::Unshield() {
  LEV_CHECK(shields_ > 0, "Unshield without Shield");
  if (--shields_ == 0 && cancelled_) DeliverCancel();
}

void Task::Abort() {
  if (ended()) return;
  abort_requested_ = true;
  // Idle and not ended: it is the one that runs, or is being destroyed.
  if (state() != State::kIdle) AbortNow();
}

void Task::Run() {
  if (loop().witness() != nullptr) return RunSeen();
  if (!abort_requested_ || !AbortNow()) Proceed();
}

// Apart, so that Run has nothing to keep while others are called.
void Task::RunSeen() {
  loop().witness()->Runs(*this);
  if (!abort_requested_ || !AbortNow()) Proceed();
}

// False if the task that runs is in one of its scopes: it is woken, and tries
// again, when that has ended.
bool Task::AbortNow() {
  AbortChildren();
  if (has_children()) return false;
  loop().Withdraw(*this);
  DestroyComputation();
  End(Status::kAborted);
  return true;
}

void Task::AbortChildren() {
  ForEachOpenScope([](Scope& scope) { scope.AbortAll(); });
}

bool Task::has_children() const {
  bool found = false;
  ForEachOpenScope([&](Scope& scope) { found |= scope.live() > 0; });
  return found;
}

const char* Task::NameOf(Status status) {
  switch (status) {
    case Status::kPending:
      return "pending";
    case Status::kDone:
      return "done";
    case Status::kFailed:
      return "failed";
    case Status::kCancelled:
      return "cancelled";
    case Status::kAborted:
      return "aborted";
  }
  return "?";
}

std::string Task::Describe() const {
  const std::string called = name();
  if (called.empty()) return absl::StrCat("task #", id_);
  return absl::StrCat("task #", id_, " \"", called, "\"");
}

void Task::End(Status status) {
  LEV_CHECK(!ended(), "a task ended twice");
  while (innermost_ != nullptr) innermost_->Close();
  status_ = status;
  reason_.reset();
  Scope& scope = *std::exchange(scope_, nullptr);
  const bool joined = !empty();
  unheard_ = status == Status::kFailed && !joined && !scope.Tells(*this);
  FireAll();
  scope.Remove(*this);
  Ended(joined);
}

}  // namespace lev
