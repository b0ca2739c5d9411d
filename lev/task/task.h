// A task: a suspended computation that somebody owns, can wait for, cancel
// and abort. Language-neutral; Lua tasks and C++20 coroutines derive from it.
//
// A task is a Waiter (it waits) and a WaitList (others wait for its end). It
// belongs to one Scope until it ends, and may open scopes of its own.
//
// Cancellation is ambient and level-triggered: once a task is cancelled, by
// itself or with its scope, every suspension point reports it until the task
// ends; a shield only postpones it. Abort is the hard stage: the wait is
// withdrawn and the computation destroyed where it stands.

#ifndef LEV_TASK_TASK_H_
#define LEV_TASK_TASK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/waiter.h"
#include "lev/task/cancel_reason.h"

namespace lev {

class Scope;

// A task's place among its scope's children.
struct Sibling : Link {};

class Task : public Waiter, public WaitList, private Sibling {
 public:
  enum class Status : uint8_t {
    kPending,    // Not ended.
    kDone,       // Ended with results.
    kFailed,     // Ended with an error.
    kCancelled,  // Ended with the report of its own cancellation.
    kAborted,    // Was destroyed.
  };

  // Joins `scope`, and is cancelled from the start if the scope is. Derived
  // classes schedule it. `id` and `parent_id` (0: none) are for humans.
  Task(Scope& scope, uint32_t id, uint32_t parent_id);
  ~Task() override;

  uint32_t id() const { return id_; }
  uint32_t parent_id() const { return parent_id_; }
  Status status() const { return status_; }
  bool ended() const { return status_ != Status::kPending; }

  // The scope it belongs to; null after it ended.
  Scope* scope() const { return scope_; }
  // Where its spawns go: the innermost scope it has open, or its own.
  Scope& current_scope() const;

  // The innermost first.
  void ForEachOpenScope(absl::FunctionRef<void(Scope&)> visit) const;

  // Cancels this task and the scopes it has open; no effect once cancelled.
  void Cancel(std::unique_ptr<CancelReason> reason);

  // Whether a suspension point has to report a cancellation now: the task's
  // own, or that of a scope around what it does.
  bool cancel_pending() const {
    return (cancelled_ && shields_ == 0) ||
           (around_cancelled_ && CancelledAround() != nullptr);
  }
  bool cancelled() const { return cancelled_; }

  // Why: its own reason, its scope's, or that of a scope around what it does;
  // null if none was given.
  const CancelReason* cancel_reason() const;

  // Between these two, cancellations are kept back. They nest.
  void Shield() { ++shields_; }
  void Unshield();

  // Destroys the computation and everything in the scopes it has open. The
  // task that is running is aborted at its next suspension point, and those
  // in whose scopes it runs, after it. No effect on a task that ended.
  void Abort();

  // It failed where nobody was waiting for it and its scope tells nobody, and
  // nobody has looked at how it ended since, which is what Hear is for.
  bool unheard() const { return unheard_; }
  void Hear() { unheard_ = false; }

  // "pending", "done", "failed", "cancelled", "aborted".
  static const char* NameOf(Status status);

  virtual std::string name() const = 0;

  // `task #3 "worker"`
  std::string Describe() const override;

 protected:
  // The computation was stopped where it waits: destroy it. Called within
  // Abort, before the task's end is told; must not suspend or run the loop.
  virtual void DestroyComputation() = 0;

  // Leaves the scope, wakes the joiners, then calls Ended.
  void End(Status status);

  // The last that happens to a task: status() says how it ended; `joined`,
  // whether somebody was waiting for it.
  virtual void Ended(bool joined) { static_cast<void>(joined); }

  bool abort_requested() const { return abort_requested_; }

  // The loop's turn for the task: its computation begins or goes on.
  virtual void Proceed() = 0;

  // Aborts all that is in the scopes it has open.
  void AbortChildren();

 private:
  friend class Scope;

  void Run() final;
  void RunSeen();
  bool AbortNow();
  bool has_children() const;
  void CancelWithScope(Scope*& marked);
  void CancelWithin(const Scope& around, Scope*& marked);
  const Scope* CancelledAround() const;
  void DeliverCancel();
  void DeliverCancel(Scope*& marked);

  Scope* scope_;
  Scope* innermost_ = nullptr;  // Of those it has opened.
  std::unique_ptr<CancelReason> reason_;
  const uint32_t id_;
  const uint32_t parent_id_;
  Status status_ = Status::kPending;
  bool cancelled_ = false;
  // One byte for four, so that a task is no larger for them.
  bool abort_requested_ : 1;
  bool guest_ : 1;             // Of its scope.
  bool around_cancelled_ : 1;  // One of the scopes around what it does.
  bool unheard_ : 1;
  uint32_t shields_ = 0;  // A program may nest them as deep as it likes.
};

}  // namespace lev

#endif  // LEV_TASK_TASK_H_
