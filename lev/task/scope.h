// A scope owns tasks: it ends only after they have, and cancelling it cancels
// them all.
//
// A scope is a WaitList that fires whenever one of its children ends; its
// owner waits there until it is empty. Scopes nest through their owners: a
// task's cancellation spreads into the scopes it has open, and from there to
// their children. It never spreads upwards: a child's failure is data for
// whoever opened the scope, who may ask that it cancel the siblings.

#ifndef LEV_TASK_SCOPE_H_
#define LEV_TASK_SCOPE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/waiter.h"
#include "lev/task/cancel_reason.h"
#include "lev/task/cancel_token.h"
#include "lev/task/task.h"

namespace lev {

class Scope : public WaitList {
 public:
  // What the end of a child does to its siblings.
  enum class Policy : uint8_t {
    kCollect,        // Nothing.
    kCancelOnError,  // An error cancels the scope.
    kCancelOnEnd,    // The first end of all cancels the scope.
  };

  // A root scope.
  explicit Scope(EventLoop& loop) : loop_(loop) {}
  // Opened by `owner`, which runs now, inside those it has open already. One
  // that is `around` its owner interrupts, when it is cancelled, also what the
  // owner itself does until it is closed.
  Scope(Task& owner, Policy policy, bool around = false);
  // No child may be left.
  ~Scope() override;

  // Cancels the children, those yet to come, the scopes they have open, and
  // token(). No effect once cancelled.
  void Cancel(std::unique_ptr<CancelReason> reason = nullptr);
  bool cancelled() const { return cancelled_; }

  // Its own reason, or that of the owner's cancellation; null if none.
  const CancelReason* reason() const;

  // Whether tasks may still join: its owner has not closed it.
  bool open() const { return owner_ != nullptr; }
  // Who opened it; null for a root, and once it is closed.
  const Task* owner() const { return owner_; }

  // A token that is cancelled with the scope, for operations; it shares its
  // reason.
  CancelToken& token() { return token_; }

  // Those who join from now on are guests: waited for and cancelled like the
  // others, but how they end decides nothing. (They are the children's own
  // spawns, and the children's business.)
  void AdmitGuests() { admits_guests_ = true; }
  // This child is no guest after all. It has not ended.
  void Enlist(Task& child) { child.guest_ = false; }

  // Whether a failure of this child is its owner's business: one of those that
  // end the scope.
  bool Tells(const Task& child) const {
    return policy_ != Policy::kCollect && !child.guest_;
  }

  // Aborts all children, the youngest first, and those they spawn meanwhile.
  void AbortAll();

  // Its owner does not care any more: later cancellations of the owner do
  // not come here. Idempotent.
  void Close();

  size_t live() const { return live_; }
  // In the order in which they joined.
  void ForEachChild(absl::FunctionRef<void(Task&)> visit) const;

  // The first child that ended, or null; the first that failed, or null;
  // guests do not count. The caller keeps the task alive if it wants to look
  // at it.
  Task* first_ended() const { return first_ended_; }
  Task* first_failed() const { return first_failed_; }

  EventLoop& loop() const { return loop_; }
  std::string Describe() const override;

 protected:
  // A child failed, the first one; its siblings do not know it yet.
  virtual void FirstFailed(Task& child) { static_cast<void>(child); }

 private:
  friend class Task;

  class Token final : public CancelToken {
   public:
    explicit Token(const Scope& scope) : scope_(scope) {}

   private:
    const CancelReason* inherited_reason() const override {
      return scope_.reason();
    }
    const Scope& scope_;
  };

  void Add(Task& child);
  void Remove(Task& child);
  void Judge(Task& child);
  void Spread();
  void Mark(Scope*& marked);
  static void Spread(Scope* marked);
  Task* YoungestToAbort() const;

  EventLoop& loop_;
  Task* owner_ = nullptr;
  Scope* outer_ = nullptr;  // The next one the same owner has open.
  const Policy policy_ = Policy::kCollect;
  const bool around_ = false;
  bool cancelled_ = false;
  Scope* next_marked_ = nullptr;  // While a cancellation spreads.
  bool admits_guests_ = false;
  const uint32_t shields_ = 0;  // Its owner's, when it was opened.
  size_t live_ = 0;
  Link children_;
  Task* first_ended_ = nullptr;
  Task* first_failed_ = nullptr;
  std::unique_ptr<CancelReason> reason_;
  Token token_{*this};
};

}  // namespace lev

#endif  // LEV_TASK_SCOPE_H_
