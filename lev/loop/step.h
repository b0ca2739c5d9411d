// What one try of a waiting verb came to: done, blocked on a list, or failed.

#ifndef LEV_LOOP_STEP_H_
#define LEV_LOOP_STEP_H_

#include <cstdint>

#include "lev/loop/waiter.h"

namespace lev {

struct Step {
  enum class Kind : uint8_t { kDone, kBlocked, kFailed };

  Kind kind = Kind::kDone;
  // Blocked only to let others run: it keeps its place on the list, and may be
  // fired as soon as it is parked.
  bool ready = false;
  WaitList* list = nullptr;  // Where to park; set when blocked.

  static Step Done() { return {Kind::kDone, false, nullptr}; }
  static Step Blocked(WaitList& list, bool ready = false) {
    return {Kind::kBlocked, ready, &list};
  }
  static Step Failed() { return {Kind::kFailed, false, nullptr}; }

  bool done() const { return kind == Kind::kDone; }
  bool blocked() const { return kind == Kind::kBlocked; }
  bool failed() const { return kind == Kind::kFailed; }
};

}  // namespace lev

#endif  // LEV_LOOP_STEP_H_
