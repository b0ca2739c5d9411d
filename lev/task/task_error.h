// The one place where the errors of tasks and of their waits are made, for
// C++20 callers.
//
// The message of each is exactly the text that Lua users see, too.

#ifndef LEV_TASK_TASK_ERROR_H_
#define LEV_TASK_TASK_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "lev/task/cancel_reason.h"

namespace lev {

// "cancelled": the task was, or the token of the call. absl::IsCancelled
// recognises it, and ReasonOf knows why.
absl::Status CancelledBecause(const CancelReason* reason);

// "timeout": the wait's own deadline has come, or that of a scope.
const absl::Status& TimedOutError();

// "closed": a channel that takes, or has, no more messages.
const absl::Status& ChannelClosedError();

// "aborted": how a task ended that was destroyed.
const absl::Status& TaskAbortedError();

// "exception": a task ended with one, which is thrown again at who joins it.
const absl::Status& ExceptionError();

// Why something was cancelled, in words; empty if no reason was given.
std::string ReasonOf(const absl::Status& status);

}  // namespace lev

#endif  // LEV_TASK_TASK_ERROR_H_
