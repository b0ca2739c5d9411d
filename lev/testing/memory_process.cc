#include "lev/testing/memory_process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lev/loop/fake_poller.h"
#include "lev/net/error.h"
#include "lev/testing/memory_handles.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/memory_pipe.h"
#include "lev/testing/memory_processes.h"

namespace lev {

MemoryProcess::MemoryProcess(MemoryHost& host, pid_t pid, MemoryProcess* parent)
    : host_(host), pid_(pid), parent_(parent), group_(pid) {
  sigemptyset(&blocked_);
  sigemptyset(&pending_);
}

MemoryProcess::~MemoryProcess() = default;

int MemoryProcess::Finish(int result) {
  host_.network().Deliver();
  if (result >= 0) return result;
  errno = -result;
  return -1;
}

std::string MemoryProcess::Name() const {
  return absl::StrCat(host_.name(), "/", pid_);
}

SocketCalls& MemoryProcess::descriptors() { return host_; }

// Children.

absl::StatusOr<Spawned> MemoryProcess::Spawn(const SpawnOptions& options) {
  MemoryProcesses& all = host_.processes();
  MemoryProgram* const program = all.FindProgram(options.program);
  if (program == nullptr) return ErrnoError(ENOENT);
  const int pidfd = host_.Open(std::make_unique<MemoryHandle>("child"));
  if (pidfd < 0) return ErrnoError(EMFILE);
  Spawned spawned;
  spawned.pidfd = OwnedFd(pidfd, host_);
  spawned.calls = this;
  MemoryProcess& child = all.Add(*this);
  children_[pidfd] = &child;
  const absl::Status begun = child.Begin(options, *this);
  if (!begun.ok()) return begun;
  child.program_ = program;
  spawned.pid = child.pid();
  spawned.leads_group = child.group_ == child.pid();
  host_.network().Note(absl::StrCat("start ", child.Name(), " ",
                                    absl::StrJoin(child.argv_, " ")));
  absl::Status started = program->Start(child);
  if (started.ok()) return spawned;
  child.program_ = nullptr;
  child.reaped_ = true;
  child.End(0, SIGKILL);
  return started;
}

absl::Status MemoryProcess::Begin(const SpawnOptions& options,
                                  MemoryProcess& parent) {
  const bool leads = options.new_group || options.new_session;
  group_ = leads ? pid_ : parent.group_;
  argv_ = options.argv;
  if (argv_.empty()) argv_.push_back(options.program);
  env_ = options.env.has_value() ? *options.env : parent.env_;
  cwd_ = options.cwd.empty() ? parent.cwd_ : options.cwd;
  for (int i = 0; i < 3; ++i) {
    stdio_[i] = parent.GiveStdio(options.stdio[i]);
    if (stdio_[i] >= 0) continue;
    const int code = errno;
    reaped_ = true;
    End(0, SIGKILL);
    return WithDetail(ErrnoError(code), "stdio");
  }
  return absl::OkStatus();
}

// A copy of what `fd` is to this process.
int MemoryProcess::GiveStdio(int fd) {
  if (fd >= 0 && fd < 3) {
    if (stdio_[fd] >= 0) return host_.Duplicate(stdio_[fd]);
    std::string& screen = host_.processes().screen();
    return host_.Open(std::make_unique<MemoryScreen>(screen));
  }
  if (fd >= FakePoller::kFirstFd) return host_.Duplicate(fd);
  OwnedFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return -1;
  return host_.Open(std::make_unique<MemoryFile>(std::move(copy)));
}

void MemoryProcess::Exit(int code) { End(code & 0xff, 0); }

void MemoryProcess::End(int code, int signal) {
  if (std::exchange(ended_, true)) return;
  code_ = code;
  signal_ = signal;
  host_.network().Note(signal == 0 ? absl::StrCat("exit ", Name(), " ", code)
                                   : absl::StrCat("killed ", Name(), " by ",
                                                  SignalName(signal)));
  if (program_ != nullptr) program_->Stop(*this);
  const auto children = std::exchange(children_, {});
  for (const auto& [pidfd, child] : children) {
    child->reaped_ = true;
    child->End(0, SIGKILL);
  }
  for (const int fd : stdio_) host_.Close(fd);
  for (const auto& [fd, signals] : std::exchange(readers_, {})) host_.Close(fd);
  TellParent();
}

void MemoryProcess::TellParent() {
  if (reaped_ || parent_->ended_) return;
  for (const auto& [pidfd, child] : parent_->children_) {
    MemoryHandle* const handle = host_.handles().Find(pidfd);
    if (child == this && handle != nullptr) handle->MakeReadable();
  }
  parent_->Deliver(SIGCHLD);
}

MemoryProcess* MemoryProcess::ChildOf(int pidfd) const {
  const auto found = children_.find(pidfd);
  return found == children_.end() ? nullptr : found->second;
}

int MemoryProcess::WaitId(int pidfd, siginfo_t& info, int options) {
  MemoryProcess* const child = ChildOf(pidfd);
  if (child == nullptr) return Finish(-EBADF);
  if (child->reaped_) return Finish(-ECHILD);
  info.si_pid = child->ended_ ? child->pid_ : 0;
  if (!child->ended_) return Finish(0);
  info.si_code = child->signal_ == 0 ? CLD_EXITED : CLD_KILLED;
  info.si_status = child->signal_ == 0 ? child->code_ : child->signal_;
  child->reaped_ = (options & WNOWAIT) == 0;
  return Finish(0);
}

int MemoryProcess::SendSignal(int pidfd, int signal) {
  MemoryProcess* const child = ChildOf(pidfd);
  if (child == nullptr) return Finish(-EBADF);
  if (child->reaped_) return Finish(-ESRCH);
  child->Deliver(signal);
  return Finish(0);
}

int MemoryProcess::SendGroupSignal(pid_t leader, int signal) {
  bool found = false;
  host_.processes().ForEach([&](MemoryProcess& process) {
    if (process.group_ != leader || process.reaped_) return;
    found = true;
    process.Deliver(signal);
  });
  return Finish(found ? 0 : -ESRCH);
}

int MemoryProcess::OpenPipe(int ends[2], int) { return host_.Pipe(ends); }

absl::StatusOr<Pty> MemoryProcess::OpenPty(WindowSize) {
  return ErrnoError(EOPNOTSUPP);
}

}  // namespace lev
