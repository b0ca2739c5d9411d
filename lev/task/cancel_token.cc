#include "lev/task/cancel_token.h"

#include <utility>

namespace lev {

CancelToken::CancelToken(CancelToken* parent) : parent_(parent) {
  as_child_.token = this;
  if (parent == nullptr) return;
  as_child_.InsertBefore(parent->children_);
  cancelled_ = parent->cancelled_;
}

CancelToken::~CancelToken() {
  // Nothing will cancel those who wait here any more: they look again.
  FireAll();
  as_child_.Unlink();
  while (children_.linked()) {
    Child& child = *static_cast<Child*>(children_.next);
    child.Unlink();
    child.token->parent_ = nullptr;
    // Its reason goes with the ancestor that held it.
    if (child.token->cancelled_) child.token->is_origin_ = true;
  }
}

const CancelToken* CancelToken::origin() const {
  if (!cancelled_) return nullptr;
  const CancelToken* token = this;
  while (!token->is_origin_) token = token->parent_;
  return token;
}

bool CancelToken::Cancel(std::unique_ptr<CancelReason> reason) {
  if (cancelled_) return false;
  reason_ = std::move(reason);
  is_origin_ = true;
  for (CancelToken* token = this; token != nullptr;
       token = token->NextBelow(*this)) {
    if (token->cancelled_) continue;
    token->cancelled_ = true;
    token->FireAll();
  }
  return true;
}

// The next in a walk of the tree below `root`, parents first; null at its end.
// It does not recurse: a tree may be as deep as a program likes.
CancelToken* CancelToken::NextBelow(const CancelToken& root) const {
  if (children_.linked()) return static_cast<Child*>(children_.next)->token;
  for (const CancelToken* token = this; token != &root;
       token = token->parent_) {
    Link* const next = token->as_child_.next;
    if (next != &token->parent_->children_) {
      return static_cast<Child*>(next)->token;
    }
  }
  return nullptr;
}

}  // namespace lev
