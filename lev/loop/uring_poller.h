// The other production poller: poll requests of Linux's io_uring.
//
// Chosen by construction; epoll is the default. It needs Linux 6.1, and a
// kernel that lets the process use io_uring: many containers do not.
// The file of a watched descriptor stays open until Remove, even if the
// descriptor is closed without it.

#ifndef LEV_LOOP_URING_POLLER_H_
#define LEV_LOOP_URING_POLLER_H_

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/loop/poller.h"

struct io_uring_sqe;

namespace lev {

class UringPoller final : public Poller {
 public:
  // How many requests wait to be submitted, and completions to be taken. What
  // does not fit costs system calls, and is not lost.
  struct Options {
    unsigned requests = 64;
    unsigned completions = 1024;
  };

  // For the thread that calls it. Errors, which all begin with "io_uring: ":
  // what io_uring_setup says (PermissionDenied or Unimplemented where it is
  // forbidden, EMFILE, ENOMEM, ...), and that the kernel is too old.
  static absl::StatusOr<std::unique_ptr<UringPoller>> Create(Options options);
  static absl::StatusOr<std::unique_ptr<UringPoller>> Create() {
    return Create({});
  }

  ~UringPoller() override;
  UringPoller(const UringPoller&) = delete;
  UringPoller& operator=(const UringPoller&) = delete;

  absl::Status Add(int fd, uint64_t tag) override;
  void Remove(int fd) override;
  absl::Status Wait(Nanos timeout, std::vector<PollEvent>& events) override;
  int fd() const override;

 private:
  // One poll request is in the kernel's hands from Add to Remove.
  struct Watch {
    uint64_t tag;
    uint32_t generation;
    dev_t device;  // With `inode`: which file it is.
    ino_t inode;
    bool armed = true;  // The kernel has the request, or has it queued.
    uint32_t hint = 0;  // What its wakers said; not 0: it is in hints_.
    int result = 0;     // Of a request that has ended.
  };
  using Key = uint64_t;  // A request's: its descriptor and its generation.
  struct Ring;

  explicit UringPoller(std::unique_ptr<Ring> ring);

  static Key KeyOf(int fd, const Watch& watch);
  static int FdOf(Key key);
  Watch* Find(Key key);
  io_uring_sqe& NextRequest();
  void Arm(int fd, const Watch& watch);
  void Cancel(Key key);
  void Submit();
  void MakeRoom();
  void LookFor(Key key, Watch& watch);
  void Nudge();
  void Collect();
  void Drain();
  void Take(Key key, int result, bool more);
  void Restart();
  void Sleep(Nanos timeout);
  void Report(std::vector<PollEvent>& events);

  const std::unique_ptr<Ring> ring_;
  const pid_t process_;  // Whose it is; a forked copy has it, too.
  absl::flat_hash_map<int, Watch> watches_;  // By descriptor.
  uint32_t last_generation_ = 0;
  std::vector<Key> hints_;  // Whom the kernel has woken.
  std::vector<Key> ended_;  // Whose request the kernel has given up.
  std::vector<pollfd> asked_;
};

}  // namespace lev

#endif  // LEV_LOOP_URING_POLLER_H_
