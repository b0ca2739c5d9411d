#include "lev/loop/waiter.h"

#include "absl/strings/str_cat.h"
#include "lev/loop/check.h"
#include "lev/loop/event_loop.h"

namespace lev {

WaitList::~WaitList() {
  LEV_CHECK(!occupied(), "a wait list is destroyed while somebody waits");
}

void WaitList::FireAll() {
  if (empty()) return;
  static_cast<Arm*>(head_.next)->waiter->loop().FireAll(*this);
}

Waiter::~Waiter() { loop_.Withdraw(*this); }

std::string Waiter::DescribeWait() const {
  if (state_ != State::kParked) return "its turn";
  std::string text;
  for (uint32_t i = 0; i < arm_count_; ++i) {
    absl::StrAppend(&text, text.empty() ? "" : " or ",
                    arms_[i].list->Describe());
  }
  if (timer_index_ != kNoTimer) {
    const double seconds =
        static_cast<double>(loop_.DeadlineOf(*this) - loop_.now()) / kSecond;
    absl::StrAppend(&text, text.empty() ? "" : " or ", "a timer in ", seconds,
                    " s");
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace lev
