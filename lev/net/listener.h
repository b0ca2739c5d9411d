// A listening socket on the loop.
//
// Accept is a step, as in Connection. Several tasks may wait: each arrival
// wakes the next. When the process or the system is out of descriptors, the
// listener pauses instead of failing: those who wait go on waiting, and it
// tries again ten times a second.

#ifndef LEV_NET_LISTENER_H_
#define LEV_NET_LISTENER_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/loop/step.h"
#include "lev/net/address.h"
#include "lev/net/owned_fd.h"
#include "lev/net/retry_timer.h"
#include "lev/net/socket_calls.h"
#include "lev/net/unix_socket.h"

namespace lev {

class Listener {
 public:
  // `path` is the file of a UNIX socket, removed when this closes.
  Listener(EventLoop& loop, OwnedFd fd, BoundPath path = {});
  // Closes. Nobody may be waiting.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Done: `fd` is a connection from `peer`.
  Step Accept(OwnedFd& fd, Address& peer);

  // True once after a pause has begun: what is worth telling a human, why in
  // error(). Not again before the queue was found empty.
  bool TakePauseAlarm() { return std::exchange(alarm_, false); }

  // Somebody who was woken has gone without a try: the next one looks.
  void PassOn();

  static constexpr Nanos kPause = 100 * kMillisecond;

  // Idempotent.
  void Close();

  bool is_open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  FdRef ref() const { return fd_.ref(); }
  const absl::Status& error() const { return error_; }

 private:
  Step Fail(absl::Status error);
  Step BeginPause(absl::Status error);
  void EndPause();
  Step Blocked();

  OwnedFd fd_;
  BoundPath path_;
  FdWatch watch_;
  absl::Status error_;
  std::unique_ptr<RetryTimer> pause_;
  bool alarm_ = false;
  bool alarmed_ = false;  // Since the queue was last found empty.
};

}  // namespace lev

#endif  // LEV_NET_LISTENER_H_
