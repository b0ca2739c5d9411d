// A child process whose end can be waited for.
//
// A Child owns the pidfd and the duty to reap: it waits for its own child and
// for no other, so that it never takes what a host's waitpid is after. It
// belongs to the thread of its loop, and is closed before the loop goes.

#ifndef LEV_PROC_CHILD_H_
#define LEV_PROC_CHILD_H_

#include <sys/types.h>

#include "absl/status/status.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/loop/step.h"
#include "lev/net/owned_fd.h"
#include "lev/proc/process_calls.h"
#include "lev/proc/spawn.h"

namespace lev {

// How a process ended: by itself with a code, or by a signal.
struct ExitStatus {
  int code = 0;
  int signal = 0;  // Not 0: this one killed it, and the code means nothing.
};

class Child {
 public:
  Child(EventLoop& loop, Spawned spawned);
  // Closes. Nobody may be waiting.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Done when the child has ended (to be stopped is not an end), as often as
  // it is asked. Any number may wait.
  Step Wait(ExitStatus& status);

  // Sends a signal (0: none, only asks) to the child, or to its whole group
  // if it leads one. "No such process" once it was waited for.
  absl::Status Kill(int signal);

  // The same for the child alone.
  absl::Status KillAlone(int signal);

  // Ends it: a child that was not waited for is killed (its group with it)
  // and reaped, which takes no longer than the system needs for that. Who
  // waits, or asks later, learns how it ended. Idempotent.
  void Close();

  // It has ended, and was not waited for: its group can still be signalled.
  bool HasEnded() const;

  // The system knows nothing of it any more, though it was not closed: it was
  // in memory, on a host that has crashed.
  bool IsStranded() const;

  bool is_open() const { return fd_.valid(); }
  bool reaped() const { return reaped_; }
  pid_t pid() const { return pid_; }
  int pidfd() const { return fd_.get(); }
  const absl::Status& error() const { return error_; }

 private:
  enum class Reaped : uint8_t { kYes, kNotYet, kLost };

  Reaped TryReap();
  void ReapKilled();
  Step Fail(absl::Status error);

  ProcessCalls& calls_;
  OwnedFd fd_;
  FdWatch watch_;
  const pid_t pid_;
  const bool leads_group_;
  bool reaped_ = false;  // Or lost: there is nobody left to wait for.
  absl::Status lost_;
  ExitStatus status_;
  absl::Status error_;
};

}  // namespace lev

#endif  // LEV_PROC_CHILD_H_
