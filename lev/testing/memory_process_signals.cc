// What signals do to a process in memory.

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "lev/testing/memory_handles.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/memory_process.h"

namespace lev {
namespace {

bool EndsByDefault(int signal) {
  switch (signal) {
    case 0:
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
    case SIGCONT:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return false;
    default:
      return true;
  }
}

// The lowest that is in both; 0 if none is.
int FirstOf(const sigset_t& one, const sigset_t& other) {
  for (int signal = 1; signal < NSIG; ++signal) {
    const bool both =
        sigismember(&one, signal) == 1 && sigismember(&other, signal) == 1;
    if (both) return signal;
  }
  return 0;
}

}  // namespace

std::string MemoryProcess::SignalName(int signal) {
  const char* const name = sigabbrev_np(signal);
  return name == nullptr ? absl::StrCat(signal) : absl::StrCat("SIG", name);
}

bool MemoryProcess::WouldEnd(int signal) const {
  return EndsByDefault(signal) &&
         (signal == SIGKILL || sigismember(&blocked_, signal) != 1);
}

int MemoryProcess::taken_signals() const {
  int count = 0;
  for (const auto& [fd, signals] : readers_) {
    if (host_.handles().Find(fd) == nullptr) continue;
    for (int signal = 1; signal < NSIG; ++signal) {
      count += sigismember(&signals, signal) == 1 ? 1 : 0;
    }
  }
  return count;
}

void MemoryProcess::Deliver(int signal) {
  if (ended_ || signal == 0) return;
  if (sigismember(&blocked_, signal) == 1 && signal != SIGKILL) {
    host_.network().Note(
        absl::StrCat("signal ", Name(), " ", SignalName(signal)));
    sigaddset(&pending_, signal);
    TellReaders(signal);
  } else if (EndsByDefault(signal)) {
    return parent_ == nullptr ? host_.Crash() : End(0, signal);
  }
}

void MemoryProcess::TellReaders(int signal) {
  for (const auto& [fd, signals] : readers_) {
    MemoryHandle* const handle = host_.handles().Find(fd);
    if (handle == nullptr || sigismember(&signals, signal) != 1) continue;
    handle->MakeReadable();
  }
}

void MemoryProcess::Forget() {
  children_.clear();
  readers_.clear();
  sigemptyset(&blocked_);
  sigemptyset(&pending_);
}

int MemoryProcess::SignalFd(int fd, const sigset_t& signals) {
  if (fd < 0) fd = host_.Open(std::make_unique<MemoryHandle>("signals"));
  MemoryHandle* const handle = host_.handles().Find(fd);
  if (handle == nullptr) return Finish(fd < 0 ? -EMFILE : -EBADF);
  readers_[fd] = signals;
  if (FirstOf(signals, pending_) != 0) handle->MakeReadable();
  return Finish(fd);
}

int MemoryProcess::ReadSignal(int fd) {
  const auto reader = readers_.find(fd);
  MemoryHandle* const handle = host_.handles().Find(fd);
  if (reader == readers_.end() || handle == nullptr) return Finish(-EBADF);
  const int signal = FirstOf(reader->second, pending_);
  sigdelset(&pending_, signal);
  if (FirstOf(reader->second, pending_) == 0) handle->MakeUnreadable();
  return Finish(signal == 0 ? -EAGAIN : signal);
}

int MemoryProcess::TakePending(const sigset_t& signals) {
  const int signal = FirstOf(signals, pending_);
  sigdelset(&pending_, signal);
  return Finish(signal == 0 ? -EAGAIN : signal);
}

void MemoryProcess::SetMask(int how, const sigset_t& signals,
                            sigset_t* before) {
  if (before != nullptr) *before = blocked_;
  for (int signal = 1; signal < NSIG; ++signal) {
    const bool named = sigismember(&signals, signal) == 1;
    if (how == SIG_SETMASK) sigdelset(&blocked_, signal);
    if (!named) continue;
    if (how == SIG_UNBLOCK) {
      sigdelset(&blocked_, signal);
    } else {
      sigaddset(&blocked_, signal);
    }
  }
  // What has come meanwhile strikes now.
  for (int signal = 1; signal < NSIG; ++signal) {
    if (sigismember(&pending_, signal) != 1) continue;
    if (sigismember(&blocked_, signal) == 1) continue;
    sigdelset(&pending_, signal);
    Deliver(signal);
  }
}

}  // namespace lev
