// What this room asks of the system, as an interface: children and signals.
// What is named for a system call takes, returns and leaves in errno what the
// manual says of that.
//
// The kernel's own are KernelProcesses, which have no state; a process in
// memory (lev/testing/memory_process.h) is another body, so that whole programs
// run with children and signals of a script. Who starts a child or takes
// signals says where, once: a Child and a SignalSource remember it.

#ifndef LEV_PROC_PROCESS_CALLS_H_
#define LEV_PROC_PROCESS_CALLS_H_

#include <signal.h>
#include <sys/types.h>

#include "absl/status/statusor.h"
#include "lev/net/socket_calls.h"

namespace lev {

struct Pty;
struct SpawnOptions;
struct Spawned;
struct WindowSize;

class ProcessCalls {
 public:
  ProcessCalls(const ProcessCalls&) = delete;
  ProcessCalls& operator=(const ProcessCalls&) = delete;

  // Whose the descriptors are that are opened here.
  virtual SocketCalls& descriptors() = 0;

  // As lev::Spawn, which has checked the texts.
  virtual absl::StatusOr<Spawned> Spawn(const SpawnOptions& options) = 0;
  // waitid of P_PIDFD.
  virtual int WaitId(int pidfd, siginfo_t& info, int options) = 0;
  // Waits for its end, for so long at most.
  virtual void AwaitEnd(int pidfd, int milliseconds) = 0;
  // pidfd_send_signal; kill of the group that `leader` leads.
  virtual int SendSignal(int pidfd, int signal) = 0;
  virtual int SendGroupSignal(pid_t leader, int signal) = 0;

  // pipe2; of the two ends `ours` (0 or 1) is non-blocking.
  virtual int OpenPipe(int ends[2], int ours) = 0;
  virtual absl::StatusOr<Pty> OpenPty(WindowSize size) = 0;

  // signalfd, non-blocking. What is read there: the signal's number.
  virtual int SignalFd(int fd, const sigset_t& signals) = 0;
  virtual int ReadSignal(int fd) = 0;
  // sigtimedwait that does not wait.
  virtual int TakePending(const sigset_t& signals) = 0;
  // pthread_sigmask.
  virtual void SetMask(int how, const sigset_t& signals, sigset_t* before) = 0;

 protected:
  ProcessCalls() = default;
  ~ProcessCalls() = default;  // Nobody owns one through this.
};

// Those of the kernel.
ProcessCalls& KernelProcesses();

}  // namespace lev

#endif  // LEV_PROC_PROCESS_CALLS_H_
