// What this file fights: a signal belongs to the process, not to a loop.
//
// A handler runs between any two instructions and may do next to nothing. A
// signalfd turns a signal into a number to read, in the loop's own time. But
// it only reads what is pending, and a signal stays pending only while it is
// blocked. So a signal that is taken is blocked in this thread; its
// disposition is left alone.
//
// It may be left alone even if the signal is ignored (nohup has done that to
// SIGHUP, many hosts to SIGPIPE): the kernel throws away what is ignored only
// when it is not blocked. And so giving back is a matter of the mask alone: a
// signal is unblocked if it was not blocked when it was taken. Who has blocked
// it before finds it blocked; who changes the mask meanwhile, for other
// signals, is not undone.
//
// Between the last look at the descriptor and the giving back one more may
// come. Unblocked, it would strike with its default action: a program that
// asked for SIGTERM to end in good order, and is doing so, would die of the
// second one in its last line. What is pending is therefore taken off the
// queue first. Not so if it was blocked before we came: then it is the
// caller's to receive, but it cannot be told from ours, and is dropped, too.
//
// A child inherits the mask, and a program that begins with SIGTERM blocked
// is hard to stop: Spawn opens the child's.

#include "lev/proc/signal_source.h"

#include <errno.h>

#include <utility>

#include "lev/net/error.h"

namespace lev {
namespace {

bool CanBeTaken(int signal) {
  sigset_t set;
  sigemptyset(&set);
  return signal != SIGKILL && signal != SIGSTOP && sigaddset(&set, signal) == 0;
}

}  // namespace

SignalSource::SignalSource(EventLoop& loop, ProcessCalls& calls)
    : loop_(loop), calls_(calls) {
  sigemptyset(&taken_);
  sigemptyset(&unblocked_);
}

SignalSource::~SignalSource() {
  watch_.Close();
  GiveBack(taken_);
}

absl::Status SignalSource::Add(int signal) {
  if (!CanBeTaken(signal)) return ErrnoError(EINVAL);
  if (has(signal)) return absl::OkStatus();
  sigset_t before;
  sigaddset(&taken_, signal);
  absl::Status updated = Update();
  if (!updated.ok()) {
    sigdelset(&taken_, signal);
    return updated;
  }
  calls_.SetMask(SIG_BLOCK, taken_, &before);
  if (sigismember(&before, signal) == 0) sigaddset(&unblocked_, signal);
  return absl::OkStatus();
}

void SignalSource::Remove(int signal) {
  if (!has(signal)) return;
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  sigdelset(&taken_, signal);
  Update().IgnoreError();
  GiveBack(one);
  sigdelset(&unblocked_, signal);
}

Step SignalSource::Receive(int& signal) {
  FdReadiness& readiness = watch_.readiness();
  while (readiness.readable && fd_.valid()) {
    const int came = calls_.ReadSignal(fd_.get());
    if (came > 0) {
      signal = came;
      return Step::Done();
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Fail(ErrnoError(errno));
    readiness.readable = false;
  }
  if (!fd_.valid()) return Fail(ErrnoError(EINVAL));
  return Step::Blocked(watch_.readers());
}

// Makes the descriptor, or tells it what is taken.
absl::Status SignalSource::Update() {
  const int fd = calls_.SignalFd(fd_.get(), taken_);
  if (fd < 0) return ErrnoError(errno);
  if (!fd_.valid()) {
    fd_ = OwnedFd(fd, calls_.descriptors());
    watch_.Open(loop_, fd);
  }
  return watch_.Register();
}

void SignalSource::GiveBack(const sigset_t& signals) {
  while (calls_.TakePending(signals) > 0 || errno == EINTR) continue;
  sigset_t unblock;
  sigandset(&unblock, &signals, &unblocked_);
  calls_.SetMask(SIG_UNBLOCK, unblock, nullptr);
}

Step SignalSource::Fail(absl::Status error) {
  error_ = std::move(error);
  return Step::Failed();
}

SignalDispatcher::SignalDispatcher(EventLoop& loop, SignalSource& source,
                                   Handler handler)
    : Waiter(loop), source_(source), handler_(std::move(handler)) {
  ServeInBackground();
  loop.Schedule(*this);
}

// One at a time: a storm of signals must not keep the others waiting.
void SignalDispatcher::Run() {
  int signal = 0;
  const Step step = source_.Receive(signal);
  if (step.blocked()) return loop().Park(*this, *step.list);
  if (step.failed()) return;
  loop().Schedule(*this);
  handler_(signal);
}

}  // namespace lev
