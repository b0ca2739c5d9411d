#include "lev/task/co_task.h"

#include <utility>

#include "absl/types/span.h"
#include "lev/task/co_await.h"
#include "lev/task/task_error.h"
#include "lev/task/witness.h"

namespace lev {

CoTask::CoTask(Scope& scope, std::string name)
    : Task(scope, scope.loop().NextId(),
           scope.owner() != nullptr ? scope.owner()->id() : 0),
      name_(std::move(name)) {}

void CoTask::Begin(CoFrame& frame) {
  frame_ = &frame;
  loop().Schedule(*this);
}

void CoTask::Proceed() {
  budget_ = kBudget;
  bool runs = verb_ == nullptr || GoOn();
  // A call and a return only change the frame: they are done here, one after
  // the other, so that the C++ stack does not grow with them.
  while (runs) {
    frame_->Resume();
    if (frame_ == nullptr) return Conclude();
    runs = state() == State::kIdle;
  }
  if (abort_requested()) Abort();
}

// The running frame has come to `verb`. True if that is over already.
bool CoTask::Start(CoVerb& verb) {
  // A cancellation is reported only after a turn was given up, so that a loop
  // which ignores it cannot starve the others.
  if (!verb.pauses_ && !cancel_pending() && !abort_requested() &&
      --budget_ >= 0) {
    return Attempt(verb);
  }
  verb_ = &verb;
  loop().Schedule(*this);
  return false;
}

// Woken in a verb. True if that is over.
bool CoTask::GoOn() {
  CoVerb& verb = *std::exchange(verb_, nullptr);
  if (!verb.tried_ && cancel_pending() && !verb.uninterruptible_) {
    return verb.End(CancelledBecause(cancel_reason()));
  }
  return Attempt(verb);
}

// The driver.
bool CoTask::Attempt(CoVerb& verb) {
  const CancelToken* const token = verb.options_.cancel;
  const bool retry = std::exchange(verb.tried_, true);
  if (!retry && token != nullptr && token->cancelled()) {
    return verb.End(CancelledBecause(token->reason()));
  }
  const Step step = verb.Try(retry);
  if (!step.blocked()) return verb.End(step);
  if (!retry) {
    verb.SetDeadline();
  } else if (token != nullptr && token->cancelled()) {
    return verb.GiveUp(CancelledBecause(token->reason()));
  } else if (cancel_pending() && !verb.uninterruptible_) {
    return verb.GiveUp(CancelledBecause(cancel_reason()));
  } else if (verb.options_.deadline <= loop().now()) {
    return verb.GiveUp(TimedOutError());
  }
  Park(verb, step);
  return false;
}

void CoTask::Park(CoVerb& verb, const Step& step) {
  verb_ = &verb;
  int count = 0;
  if (verb.options_.cancel != nullptr) {
    arms_[count++].list = verb.options_.cancel;
  }
  if (step.list != nullptr) arms_[count++].list = step.list;
  loop().Park(*this, absl::MakeSpan(arms_, count), verb.options_.deadline);
  if (step.ready) loop().FireArm(*this, count - 1);
}

void CoTask::DestroyComputation() {
  verb_ = nullptr;
  while (frame_ != nullptr) frame_ = frame_->Destroy();
  Discard();
}

void CoTask::Finish(const absl::Status& error, std::exception_ptr exception) {
  exception_ = std::move(exception);
  if (error.ok()) return End(Status::kDone);
  const bool obeyed = cancelled() && absl::IsCancelled(error);
  End(obeyed ? Status::kCancelled : Status::kFailed);
}

void CoTask::Ended(bool) {
  if (holders_ == 0) Forget();
}

// It has ended, and nobody has it any more.
void CoTask::Forget() {
  Witness* const witness = unheard() ? loop().witness() : nullptr;
  if (witness != nullptr) {
    witness->FailedUnheard(Describe(), error().message());
  }
  delete this;
}

}  // namespace lev
