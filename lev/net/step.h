// What one try of a waiting verb came to: done, blocked on a list, or failed.

#ifndef LEV_NET_STEP_H_
#define LEV_NET_STEP_H_

#include <cstdint>

#include "lev/loop/waiter.h"

namespace lev {

struct Step {
  enum class Kind : uint8_t { kDone, kBlocked, kFailed };

  Kind kind = Kind::kDone;
  WaitList* list = nullptr;  // Where to park; set when blocked.

  static Step Done() { return {Kind::kDone, nullptr}; }
  static Step Blocked(WaitList& list) { return {Kind::kBlocked, &list}; }
  static Step Failed() { return {Kind::kFailed, nullptr}; }

  bool done() const { return kind == Kind::kDone; }
  bool blocked() const { return kind == Kind::kBlocked; }
  bool failed() const { return kind == Kind::kFailed; }
};

}  // namespace lev

#endif  // LEV_NET_STEP_H_
