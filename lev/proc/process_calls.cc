#include "lev/proc/process_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lev/proc/pty.h"
#include "lev/proc/spawn.h"

namespace lev {
namespace {

class Kernel final : public ProcessCalls {
 public:
  constexpr Kernel() = default;

  SocketCalls& descriptors() override { return KernelSockets(); }

  absl::StatusOr<Spawned> Spawn(const SpawnOptions& options) override {
    return SpawnInKernel(options);
  }
  int WaitId(int pidfd, siginfo_t& info, int options) override {
    return waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, options);
  }
  void AwaitEnd(int pidfd, int milliseconds) override {
    pollfd ended = {.fd = pidfd, .events = POLLIN, .revents = 0};
    while (poll(&ended, 1, milliseconds) < 0 && errno == EINTR) continue;
  }
  int SendSignal(int pidfd, int signal) override {
    return static_cast<int>(
        syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
  }
  int SendGroupSignal(pid_t leader, int signal) override {
    return kill(-leader, signal);
  }

  int OpenPipe(int ends[2], int ours) override {
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    return fcntl(ends[ours], F_SETFL, O_NONBLOCK);
  }
  absl::StatusOr<Pty> OpenPty(WindowSize size) override {
    return lev::OpenPty(size);
  }

  int SignalFd(int fd, const sigset_t& signals) override {
    return signalfd(fd, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  int ReadSignal(int fd) override {
    signalfd_siginfo info;
    if (read(fd, &info, sizeof(info)) != sizeof(info)) return -1;
    return static_cast<int>(info.ssi_signo);
  }
  int TakePending(const sigset_t& signals) override {
    const timespec at_once = {};
    return sigtimedwait(&signals, nullptr, &at_once);
  }
  void SetMask(int how, const sigset_t& signals, sigset_t* before) override {
    pthread_sigmask(how, &signals, before);
  }
};

constinit Kernel kernel;

}  // namespace

ProcessCalls& KernelProcesses() { return kernel; }

}  // namespace lev
