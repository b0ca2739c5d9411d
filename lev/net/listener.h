// A listening socket on the loop.
//
// Accept is a step, as in Connection. Several tasks may wait: each arrival
// wakes the next.

#ifndef LEV_NET_LISTENER_H_
#define LEV_NET_LISTENER_H_

#include "absl/status/status.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/net/address.h"
#include "lev/net/owned_fd.h"
#include "lev/net/step.h"

namespace lev {

class Listener {
 public:
  Listener(EventLoop& loop, OwnedFd fd);
  // Closes. Nobody may be waiting.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Done: `fd` is a connection from `peer`.
  Step Accept(OwnedFd& fd, Address& peer);

  // Idempotent.
  void Close();

  bool is_open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  const absl::Status& error() const { return error_; }

 private:
  Step Fail(absl::Status error);

  OwnedFd fd_;
  FdWatch watch_;
  absl::Status error_;
};

}  // namespace lev

#endif  // LEV_NET_LISTENER_H_
