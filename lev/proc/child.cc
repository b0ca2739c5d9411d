#include "lev/proc/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include <utility>

#include "lev/net/error.h"

namespace lev {
namespace {

// How long Close lets the loop stand still. A process that was killed is gone
// at once, unless the kernel holds it (a dead network disk, a core dump).
constexpr int kReapPatienceMs = 2000;

}  // namespace

Child::Child(EventLoop& loop, Spawned spawned)
    : calls_(*spawned.calls),
      fd_(std::move(spawned.pidfd)),
      pid_(spawned.pid),
      leads_group_(spawned.leads_group) {
  watch_.Open(loop, fd_.get());
}

Child::~Child() { Close(); }

Step Child::Wait(ExitStatus& status) {
  if (!reaped_) {
    if (!is_open()) return Fail(ErrnoError(ECHILD));
    if (TryReap() == Reaped::kNotYet) {
      absl::Status registered = watch_.Register();
      if (!registered.ok()) return Fail(std::move(registered));
      return Step::Blocked(watch_.readers());
    }
    // An edge wakes only the first who waits.
    watch_.loop().FireAll(watch_.readers());
  }
  if (!lost_.ok()) return Fail(lost_);
  status = status_;
  return Step::Done();
}

absl::Status Child::Kill(int signal) {
  // The number of a group is nobody else's as long as its leader was not
  // reaped.
  if (!leads_group_ || reaped_ || !is_open()) return KillAlone(signal);
  if (calls_.SendGroupSignal(pid_, signal) != 0) return ErrnoError(errno);
  return absl::OkStatus();
}

absl::Status Child::KillAlone(int signal) {
  if (reaped_ || !is_open()) return ErrnoError(ESRCH);
  if (calls_.SendSignal(fd_.get(), signal) != 0) return ErrnoError(errno);
  return absl::OkStatus();
}

bool Child::HasEnded() const {
  if (reaped_ || !is_open()) return false;
  siginfo_t info = {};
  constexpr int kOnlyLook = WEXITED | WNOHANG | WNOWAIT;
  return calls_.WaitId(fd_.get(), info, kOnlyLook) == 0 && info.si_pid != 0;
}

bool Child::IsStranded() const {
  siginfo_t info = {};
  constexpr int kOnlyLook = WEXITED | WNOHANG | WNOWAIT;
  return is_open() && calls_.WaitId(fd_.get(), info, kOnlyLook) != 0 &&
         errno == EBADF;
}

void Child::Close() {
  if (!is_open()) return;
  if (!reaped_) ReapKilled();
  watch_.Close();
  fd_.Close();
}

void Child::ReapKilled() {
  Kill(SIGKILL).IgnoreError();
  if (TryReap() != Reaped::kNotYet) return;
  // What may not be killed (it runs as somebody else) is not waited for.
  if (!KillAlone(0).ok()) return;
  calls_.AwaitEnd(fd_.get(), kReapPatienceMs);
  TryReap();
}

Child::Reaped Child::TryReap() {
  siginfo_t info = {};
  int result;
  do {
    result = calls_.WaitId(fd_.get(), info, WEXITED | WNOHANG);
  } while (result != 0 && errno == EINTR);
  if (result == 0 && info.si_pid == 0) return Reaped::kNotYet;
  reaped_ = true;
  if (result != 0) {
    // Somebody else waits for all children, or SIGCHLD is ignored: how it
    // ended is not known, only, once the pidfd says so, that it did.
    lost_ = ErrnoError(errno);
    return Reaped::kLost;
  }
  const bool exited = info.si_code == CLD_EXITED;
  status_.code = exited ? info.si_status : 0;
  status_.signal = exited ? 0 : info.si_status;
  return Reaped::kYes;
}

Step Child::Fail(absl::Status error) {
  error_ = std::move(error);
  return Step::Failed();
}

}  // namespace lev
