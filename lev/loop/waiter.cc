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

std::string Waiter::DescribeArms() const {
  std::string text;
  for (uint32_t i = 0; i < arm_count_; ++i) {
    absl::StrAppend(&text, text.empty() ? "" : " or ",
                    arms_[i].list->Describe());
  }
  return text;
}

std::string Waiter::DescribeWait() const {
  if (state_ != State::kParked) return "its turn";
  std::string text = DescribeArms();
  if (timer_index_ != kNoTimer) {
    const double seconds =
        static_cast<double>(deadline() - loop_.now()) / kSecond;
    absl::StrAppend(&text, text.empty() ? "" : " or ", "a timer in ", seconds,
                    " s");
  }
  return text.empty() ? "nothing" : text;
}

std::string Waiter::DescribeSource() const {
  if (state_ != State::kParked) return "its turn";
  if (arm_count_ > 0) return DescribeArms();
  return timer_index_ == kNoTimer ? "nothing" : "a timer";
}

Instant Waiter::deadline() const {
  return timer_index_ == kNoTimer ? kNever : loop_.DeadlineOf(*this);
}

}  // namespace lev
