// The production poller: Linux epoll, edge-triggered.

#ifndef LEV_LOOP_EPOLL_POLLER_H_
#define LEV_LOOP_EPOLL_POLLER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/loop/poller.h"

namespace lev {

class EpollPoller final : public Poller {
 public:
  // Errors: what epoll_create1 says (EMFILE, ENOMEM, ...).
  static absl::StatusOr<std::unique_ptr<EpollPoller>> Create();

  ~EpollPoller() override;
  EpollPoller(const EpollPoller&) = delete;
  EpollPoller& operator=(const EpollPoller&) = delete;

  absl::Status Add(int fd, uint64_t tag) override;
  void Remove(int fd) override;
  absl::Status Wait(Nanos timeout, std::vector<PollEvent>& events) override;
  int fd() const override { return epoll_fd_; }

 private:
  explicit EpollPoller(int epoll_fd);
  int WaitForEvents(Nanos timeout);

  struct Buffer;
  const int epoll_fd_;
  const std::unique_ptr<Buffer> buffer_;
  bool has_pwait2_ = true;  // Until the kernel says otherwise.
};

}  // namespace lev

#endif  // LEV_LOOP_EPOLL_POLLER_H_
