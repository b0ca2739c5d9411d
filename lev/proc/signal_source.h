// Signals as something to wait for, through a descriptor, instead of a handler
// that interrupts the program anywhere.
//
// A SignalSource takes the signals it was told of away from the thread that
// owns it, and gives everything back when it is destroyed. It changes no
// disposition, only the thread's mask: see signal_source.cc. In a process of
// several threads, the others have to block these signals, too, or the system
// may choose them.

#ifndef LEV_PROC_SIGNAL_SOURCE_H_
#define LEV_PROC_SIGNAL_SOURCE_H_

#include <signal.h>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/loop/step.h"
#include "lev/loop/waiter.h"
#include "lev/net/owned_fd.h"
#include "lev/proc/process_calls.h"

namespace lev {

class SignalSource {
 public:
  // `calls`: of the process whose signals these are.
  explicit SignalSource(EventLoop& loop,
                        ProcessCalls& calls = KernelProcesses());
  // Gives back what it took; what came and was not received is dropped.
  // Nobody may be waiting.
  ~SignalSource();
  SignalSource(const SignalSource&) = delete;
  SignalSource& operator=(const SignalSource&) = delete;

  // From now on `signal` comes here. "Invalid argument" for what cannot be
  // caught (SIGKILL, SIGSTOP), what the C library keeps for itself, and what
  // is no signal. No effect if it comes here already.
  absl::Status Add(int signal);

  // Gives `signal` back; dropped if it has come and was not received.
  void Remove(int signal);

  bool has(int signal) const { return sigismember(&taken_, signal) == 1; }

  // Done when one has come. Several of the same that come before one is
  // received may be one.
  Step Receive(int& signal);

  const absl::Status& error() const { return error_; }

 private:
  absl::Status Update();
  void GiveBack(const sigset_t& signals);
  Step Fail(absl::Status error);

  EventLoop& loop_;
  ProcessCalls& calls_;
  OwnedFd fd_;
  FdWatch watch_;
  sigset_t taken_;
  sigset_t unblocked_;  // Of these, those that were not blocked before.
  absl::Status error_;
};

// Receives from a source, in the background, and calls a function for each
// signal.
class SignalDispatcher final : public Waiter {
 public:
  using Handler = absl::AnyInvocable<void(int signal)>;

  // Begins at once. The source outlives it.
  SignalDispatcher(EventLoop& loop, SignalSource& source, Handler handler);

 private:
  void Run() override;

  SignalSource& source_;
  Handler handler_;
};

}  // namespace lev

#endif  // LEV_PROC_SIGNAL_SOURCE_H_
