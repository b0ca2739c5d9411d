// An eventfd at which another thread, or the kernel, rings for the loop.
//
// It serves in the background: those who wait for what it announces keep a run
// alive.

#ifndef LEV_FILE_DOORBELL_H_
#define LEV_FILE_DOORBELL_H_

#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/net/owned_fd.h"

namespace lev {

class Doorbell final : private Waiter {
 public:
  // `answer` is called in the loop's turn, once for any number of rings.
  Doorbell(EventLoop& loop, absl::AnyInvocable<void()> answer)
      : Waiter(loop), answer_(std::move(answer)) {
    ServeInBackground();
  }

  // Before anything else, once.
  absl::Status Open();

  int fd() const { return fd_.get(); }

  // From any thread.
  void Ring();

 private:
  void Run() override;

  OwnedFd fd_;
  FdWatch watch_;
  absl::AnyInvocable<void()> answer_;
};

}  // namespace lev

#endif  // LEV_FILE_DOORBELL_H_
