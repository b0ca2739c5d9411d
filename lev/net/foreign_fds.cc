#include "lev/net/foreign_fds.h"

#include <errno.h>
#include <poll.h>

#include <utility>

#include "lev/net/error.h"

namespace lev {

Step ForeignFds::Wait(FdRef ref, Direction direction, bool mine) {
  const int fd = ref.get();
  const bool reads = direction == Direction::kRead;
  const int ready = ref.calls().Poll(fd, reads ? POLLIN : POLLOUT);
  const int error = ready < 0 ? errno : 0;
  // Of those who only try again none begins anew: an edge that is none of
  // theirs would be reported again and again.
  if (ready != 0 || !mine) Leave(fd);
  if (ready < 0 && error != EINTR) return Fail(ErrnoError(error));
  if (ready > 0) return Step::Done();
  if (!mine && IsStale(fd)) Forget(fd);
  std::unique_ptr<Entry>& entry = entries_[fd];
  if (entry == nullptr) entry = std::make_unique<Entry>();
  if (!entry->watch.is_open()) {
    const absl::Status registered = Register(*entry, ref);
    if (!registered.ok()) {
      entries_.erase(fd);
      return Fail(registered);
    }
  }
  FdWatch& watch = entry->watch;
  return Step::Blocked(reads ? watch.readers() : watch.writers());
}

// Whether others wait for this number in vain: its owner has closed it without
// a word, and the poller has never heard of the new one.
bool ForeignFds::IsStale(int fd) {
  if (!entries_.contains(fd)) return false;
  FdWatch probe;
  probe.Open(loop_, fd);
  return probe.Register().ok();
}

absl::Status ForeignFds::Register(Entry& entry, FdRef fd) {
  entry.watch.Open(loop_, fd.get());
  // All who wait are woken: each asks the kernel for itself.
  entry.watch.Entangle();
  absl::Status registered = entry.watch.Register();
  if (!absl::IsAlreadyExists(registered)) return registered;
  entry.copy = OwnedFd(fd.calls().Duplicate(fd.get()), fd.calls());
  if (!entry.copy.valid()) return ErrnoError(errno);
  entry.watch.Close();
  entry.watch.Open(loop_, entry.copy.get());
  return entry.watch.Register();
}

void ForeignFds::Leave(int fd) {
  const auto found = entries_.find(fd);
  if (found == entries_.end()) return;
  FdWatch& watch = found->second->watch;
  if (watch.readers().occupied() || watch.writers().occupied()) return;
  entries_.erase(found);
}

void ForeignFds::Forget(int fd) {
  const auto found = entries_.find(fd);
  if (found == entries_.end()) return;
  found->second->watch.Close();
  found->second->copy.Close();
}

Step ForeignFds::Fail(absl::Status error) {
  error_ = std::move(error);
  return Step::Failed();
}

}  // namespace lev
