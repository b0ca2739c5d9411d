// Awaitable verbs of this room: the end of a child, a signal, and programs run
// to their end.

#ifndef LEV_PROC_CO_PROC_H_
#define LEV_PROC_CO_PROC_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/loop/clock.h"
#include "lev/loop/step.h"
#include "lev/net/co_net.h"
#include "lev/proc/capture.h"
#include "lev/proc/child.h"
#include "lev/proc/process_calls.h"
#include "lev/proc/signal_source.h"
#include "lev/proc/spawn.h"
#include "lev/task/co.h"
#include "lev/task/co_await.h"

namespace lev {

class ChildWaitVerb final : public CoVerb {
 public:
  ChildWaitVerb(Child& child, WaitOptions options)
      : CoVerb(options), child_(child) {}

  absl::StatusOr<ExitStatus> Take() {
    if (failed()) return child_.error();
    if (!status().ok()) return status();
    return exit_;
  }

 private:
  Step Try(bool) override { return child_.Wait(exit_); }

  Child& child_;
  ExitStatus exit_;
};

// Until the child has ended: a StatusOr<ExitStatus>. Any number may wait, as
// often as they like.
inline ChildWaitVerb Wait(Child& child, WaitOptions options = {}) {
  return ChildWaitVerb(child, options);
}

class SignalVerb final : public CoVerb {
 public:
  SignalVerb(SignalSource& source, WaitOptions options)
      : CoVerb(options), source_(source) {}

  absl::StatusOr<int> Take() {
    if (failed()) return source_.error();
    if (!status().ok()) return status();
    return signal_;
  }

 private:
  Step Try(bool) override { return source_.Receive(signal_); }

  SignalSource& source_;
  int signal_ = 0;
};

// The next signal that comes to the source: a StatusOr<int>.
inline SignalVerb Receive(SignalSource& source, WaitOptions options = {}) {
  return SignalVerb(source, options);
}

// What a program has come to, and said.
struct Captured {
  ExitStatus status;
  std::string output;
  std::string errors;
};

struct RunOptions {
  absl::string_view input = {};  // All that the program is fed. Borrowed.
  size_t max_size = 16 << 20;    // Of each output.
  Nanos timeout = kNever;
  Nanos grace = kSecond;  // From SIGTERM to SIGKILL.
};

// Runs a program to its end. `program.stdio` is not looked at. If the task is
// cancelled, or the time is over, or an output too large, the program is
// terminated, and gone when this returns: "cancelled", "timeout", "output is
// larger than N bytes".
Co<absl::StatusOr<Captured>> RunAndCapture(
    NetContext& net, SpawnOptions program, RunOptions options = {},
    ProcessCalls& calls = KernelProcesses());

}  // namespace lev

#endif  // LEV_PROC_CO_PROC_H_
