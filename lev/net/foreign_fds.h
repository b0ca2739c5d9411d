// Waiting for descriptors that belong to somebody else: another library's
// sockets, a terminal.
//
// Nothing is known of what their owner does with them, so readiness is asked of
// the kernel (or of a network in memory) each time, and the poller watches a
// descriptor only while somebody waits for it.

#ifndef LEV_NET_FOREIGN_FDS_H_
#define LEV_NET_FOREIGN_FDS_H_

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/loop/step.h"
#include "lev/net/owned_fd.h"
#include "lev/net/socket_calls.h"

namespace lev {

class ForeignFds {
 public:
  enum class Direction : uint8_t { kRead, kWrite };

  explicit ForeignFds(EventLoop& loop) : loop_(loop) {}
  ForeignFds(const ForeignFds&) = delete;
  ForeignFds& operator=(const ForeignFds&) = delete;

  // Done when `fd` is ready, or has failed, which reading or writing will
  // tell. `mine`: this is the retry of a wait that was blocked.
  // Error: "Bad file descriptor", and what the poller says.
  Step Wait(FdRef fd, Direction direction, bool mine);

  // A wait for `fd` was given up. Who waits is seen from the lists: one who
  // disappears without a word leaves nothing that a newcomer would trust.
  void Leave(int fd);

  // Its owner is about to close `fd`: those who wait try again.
  void Forget(int fd);

  const absl::Status& error() const { return error_; }

 private:
  struct Entry {
    OwnedFd copy;  // If the number itself is watched already, by lev.
    FdWatch watch;
  };

  Step Fail(absl::Status error);
  bool IsStale(int fd);
  absl::Status Register(Entry& entry, FdRef fd);

  EventLoop& loop_;
  absl::flat_hash_map<int, std::unique_ptr<Entry>> entries_;
  absl::Status error_;
};

}  // namespace lev

#endif  // LEV_NET_FOREIGN_FDS_H_
