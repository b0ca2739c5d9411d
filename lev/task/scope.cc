#include "lev/task/scope.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lev/loop/check.h"

namespace lev {

Scope::Scope(Task& owner, Policy policy, bool around)
    : loop_(owner.loop()),
      owner_(&owner),
      outer_(owner.innermost_),
      policy_(policy),
      around_(around),
      shields_(owner.shields_) {
  owner.innermost_ = this;
  if (owner.cancel_pending()) Spread();
}

Scope::~Scope() {
  LEV_CHECK(live_ == 0, "a scope is destroyed before its tasks ended");
  Close();
}

void Scope::Close() {
  if (owner_ == nullptr) return;
  Scope** place = &owner_->innermost_;
  while (*place != this) place = &(*place)->outer_;
  *place = outer_;
  Task& owner = *std::exchange(owner_, nullptr);
  outer_ = nullptr;
  if (!around_ || !cancelled_) return;
  owner.around_cancelled_ = false;
  owner.ForEachOpenScope([&](const Scope& scope) {
    if (scope.around_ && scope.cancelled_) owner.around_cancelled_ = true;
  });
}

void Scope::Cancel(std::unique_ptr<CancelReason> reason) {
  if (cancelled_) return;
  reason_ = std::move(reason);
  Spread();
}

void Scope::Spread() {
  Scope* marked = nullptr;
  Mark(marked);
  Spread(marked);
}

// Sets the flag, and notes in the list `marked` that its children do not know.
void Scope::Mark(Scope*& marked) {
  if (cancelled_) return;
  cancelled_ = true;
  next_marked_ = marked;
  marked = this;
}

// Cancels the children of those in the list, and in turn theirs. A list and no
// recursion: scopes may be nested as deep as a program likes.
void Scope::Spread(Scope* marked) {
  while (marked != nullptr) {
    Scope& scope = *std::exchange(marked, marked->next_marked_);
    scope.token_.Cancel();
    if (scope.around_ && scope.owner_ != nullptr) {
      scope.owner_->CancelWithin(scope, marked);
    }
    scope.ForEachChild([&](Task& child) { child.CancelWithScope(marked); });
  }
}

const CancelReason* Scope::reason() const {
  const Scope* scope = this;
  while (scope->reason_ == nullptr && scope->owner_ != nullptr) {
    if (scope->outer_ != nullptr && scope->outer_->cancelled_) {
      scope = scope->outer_;
      continue;
    }
    const Task& owner = *scope->owner_;
    if (owner.reason_ != nullptr) return owner.reason_.get();
    scope = owner.scope_;
  }
  return scope->reason_.get();
}

void Scope::AbortAll() {
  while (Task* const child = YoungestToAbort()) child->Abort();
}

Task* Scope::YoungestToAbort() const {
  for (Link* link = children_.prev; link != &children_; link = link->prev) {
    Task& child = *static_cast<Task*>(static_cast<Sibling*>(link));
    // The one that runs now was asked already and ends later, and so do
    // those in whose scopes it runs.
    if (!child.abort_requested()) return &child;
    if (child.state() != Waiter::State::kIdle && !child.has_children()) {
      return &child;
    }
  }
  return nullptr;
}

void Scope::ForEachChild(absl::FunctionRef<void(Task&)> visit) const {
  for (Link* link = children_.next; link != &children_;) {
    Link* const next = link->next;
    visit(*static_cast<Task*>(static_cast<Sibling*>(link)));
    link = next;
  }
}

std::string Scope::Describe() const {
  return absl::StrCat("its ", live_, live_ == 1 ? " child" : " children");
}

void Scope::Add(Task& child) {
  static_cast<Sibling&>(child).InsertBefore(children_);
  child.guest_ = admits_guests_;
  ++live_;
}

void Scope::Remove(Task& child) {
  static_cast<Sibling&>(child).Unlink();
  --live_;
  if (!child.guest_) Judge(child);
  FireAll();
  // An abort of the owner that came from within waits for this.
  if (owner_ != nullptr && owner_->abort_requested()) loop_.Wake(*owner_);
}

// What the end of a child means to the scope.
void Scope::Judge(Task& child) {
  if (first_ended_ == nullptr) first_ended_ = &child;
  const bool failed = child.status() == Task::Status::kFailed;
  if (failed && first_failed_ == nullptr) {
    first_failed_ = &child;
    FirstFailed(child);
  }
  if (policy_ == Policy::kCancelOnEnd) Cancel();
  if (policy_ == Policy::kCancelOnError && failed) Cancel();
}

}  // namespace lev
