// A flag that can be waited for, in a tree.
//
// Cancelling a token sets it and all its descendants, for ever, and wakes
// those who wait on any of them. A token is given to operations explicitly;
// what a task runs under is its Scope.

#ifndef LEV_TASK_CANCEL_TOKEN_H_
#define LEV_TASK_CANCEL_TOKEN_H_

#include <memory>
#include <string>

#include "lev/loop/waiter.h"
#include "lev/task/cancel_reason.h"

namespace lev {

class CancelToken : public WaitList {
 public:
  CancelToken() : CancelToken(nullptr) {}
  // A child: cancelled with its parent, at once if the parent already is. A
  // child that outlives its parent goes on alone.
  explicit CancelToken(CancelToken* parent);
  ~CancelToken() override;

  // Returns false, and changes nothing, if it was cancelled before.
  bool Cancel(std::unique_ptr<CancelReason> reason = nullptr);

  bool cancelled() const { return cancelled_; }

  // The token of this line on which Cancel was called; null before.
  // Once that one is destroyed, its nearest descendant takes its place.
  const CancelToken* origin() const;

  // The reason its origin was given or has otherwise; null if there is none.
  const CancelReason* reason() const {
    const CancelToken* const from = origin();
    if (from == nullptr) return nullptr;
    return from->reason_ != nullptr ? from->reason_.get()
                                    : from->inherited_reason();
  }

  std::string Describe() const override { return "a cancel token"; }

 private:
  struct Child : Link {
    CancelToken* token = nullptr;
  };

  // Of whom this is the token, and who knows why it was cancelled.
  virtual const CancelReason* inherited_reason() const { return nullptr; }

  CancelToken* NextBelow(const CancelToken& root) const;

  bool cancelled_ = false;
  bool is_origin_ = false;  // Cancelled, and not by its parent.
  CancelToken* parent_;
  std::unique_ptr<CancelReason> reason_;
  Link children_;
  Child as_child_;
};

}  // namespace lev

#endif  // LEV_TASK_CANCEL_TOKEN_H_
