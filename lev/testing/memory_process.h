// A process of a host in memory: its children, its signals, what it was started
// with. To programs it is the process calls of the kernel.
//
// Who is given a MemoryProcess as their ProcessCalls runs "in" that process:
// what they start are its children, what they take are its signals. What a
// program does is a MemoryProgram's business, in either language; there are no
// other programs, and none of the machine's is ever started.
//
// A signal that nobody has taken does what it does by default; those that would
// stop a process do nothing. Users, limits and sessions mean nothing. Who ends
// takes its own children with it.

#ifndef LEV_TESTING_MEMORY_PROCESS_H_
#define LEV_TESTING_MEMORY_PROCESS_H_

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/net/socket_calls.h"
#include "lev/proc/process_calls.h"
#include "lev/proc/pty.h"
#include "lev/proc/spawn.h"

namespace lev {

class MemoryHost;
class MemoryProcess;

// What runs in processes.
class MemoryProgram {
 public:
  virtual ~MemoryProgram() = default;

  // Begins to run in `process`, which has just been made, and calls its Exit in
  // the end. An error: it cannot, and will not be stopped.
  virtual absl::Status Start(MemoryProcess& process) = 0;

  // The process has ended, by Exit or by a signal: nothing of it goes on.
  virtual void Stop(MemoryProcess& process) = 0;
};

class MemoryProcess final : public ProcessCalls {
 public:
  // `parent` is null for what the host runs itself.
  MemoryProcess(MemoryHost& host, pid_t pid, MemoryProcess* parent);
  ~MemoryProcess();

  MemoryHost& host() const { return host_; }
  pid_t pid() const { return pid_; }
  // What the program was called, then its arguments; "NAME=value"; where it
  // runs.
  const std::vector<std::string>& argv() const { return argv_; }
  const std::vector<std::string>& env() const { return env_; }
  const std::string& cwd() const { return cwd_; }
  // Its standard input, output and error: descriptors of the host, which are
  // closed when it ends, if not before.
  const std::array<int, 3>& stdio() const { return stdio_; }
  bool ended() const { return ended_; }
  // It has ended, and its parent knows.
  bool reaped() const { return reaped_; }

  // Ends it, with this code; no effect once it has ended.
  void Exit(int code);
  // It gets a signal. What is not taken may end it.
  void Deliver(int signal);
  // Whether this signal would end it.
  bool WouldEnd(int signal) const;
  // "SIGTERM", or a number that has no name.
  static std::string SignalName(int signal);
  // How many signals it has taken and not given back.
  int taken_signals() const;

  // Its host has crashed: nothing is left of what it has opened or taken.
  void Forget();

  SocketCalls& descriptors() override;
  absl::StatusOr<Spawned> Spawn(const SpawnOptions& options) override;
  int WaitId(int pidfd, siginfo_t& info, int options) override;
  void AwaitEnd(int, int) override {}  // To be killed takes no time.
  int SendSignal(int pidfd, int signal) override;
  int SendGroupSignal(pid_t leader, int signal) override;
  int OpenPipe(int ends[2], int ours) override;
  // There are no terminals: "Operation not supported".
  absl::StatusOr<Pty> OpenPty(WindowSize size) override;
  int SignalFd(int fd, const sigset_t& signals) override;
  int ReadSignal(int fd) override;
  int TakePending(const sigset_t& signals) override;
  void SetMask(int how, const sigset_t& signals, sigset_t* before) override;

 private:
  friend class MemoryProcesses;

  absl::Status Begin(const SpawnOptions& options, MemoryProcess& parent);
  int GiveStdio(int fd);
  void End(int code, int signal);
  void TellParent();
  void TellReaders(int signal);
  MemoryProcess* ChildOf(int pidfd) const;
  // "main/2": for the trace.
  std::string Name() const;
  // What a system call that came to `result` returns.
  int Finish(int result);

  MemoryHost& host_;
  const pid_t pid_;
  MemoryProcess* const parent_;
  MemoryProgram* program_ = nullptr;
  pid_t group_;
  std::vector<std::string> argv_;
  std::vector<std::string> env_;
  std::string cwd_ = "/";
  std::array<int, 3> stdio_ = {-1, -1, -1};

  bool ended_ = false;
  bool reaped_ = false;
  int code_ = 0;
  int signal_ = 0;
  std::map<int, MemoryProcess*> children_;  // By pidfd.

  sigset_t blocked_;
  sigset_t pending_;
  std::map<int, sigset_t> readers_;  // By signalfd.
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_PROCESS_H_
