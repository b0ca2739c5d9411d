#include "lev/task/cancel_token.h"

#include <utility>

namespace lev {

CancelToken::CancelToken(CancelToken* parent) {
  as_child_.token = this;
  if (parent == nullptr) return;
  as_child_.InsertBefore(parent->children_);
  cancelled_ = parent->cancelled_;
  origin_ = parent->origin_;
}

CancelToken::~CancelToken() {
  // Nothing will cancel those who wait here any more: they look again.
  FireAll();
  as_child_.Unlink();
  while (children_.linked()) {
    Child& child = *static_cast<Child*>(children_.next);
    child.Unlink();
    // Its reason goes with the ancestor that held it.
    child.token->origin_ = child.token->cancelled_ ? child.token : nullptr;
  }
}

bool CancelToken::Cancel(std::unique_ptr<CancelReason> reason) {
  if (cancelled_) return false;
  reason_ = std::move(reason);
  Spread(*this);
  return true;
}

void CancelToken::Spread(const CancelToken& origin) {
  if (cancelled_) return;
  cancelled_ = true;
  origin_ = &origin;
  FireAll();
  for (Link* link = children_.next; link != &children_; link = link->next) {
    static_cast<Child*>(link)->token->Spread(origin);
  }
}

}  // namespace lev
