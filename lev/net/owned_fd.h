// A descriptor with one owner, closed with it where it is from: by the kernel,
// unless it is a socket of a network in memory.

#ifndef LEV_NET_OWNED_FD_H_
#define LEV_NET_OWNED_FD_H_

#include <utility>

#include "lev/net/socket_calls.h"

namespace lev {

class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(int fd, SocketCalls& calls) : calls_(&calls), fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept
      : calls_(other.calls_), fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(calls_, other.calls_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd() { Close(); }

  // Negative when there is none.
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  SocketCalls& calls() const { return *calls_; }
  FdRef ref() const { return FdRef(fd_, *calls_); }

  // Gives it away.
  int Release() { return std::exchange(fd_, -1); }

  void Close() {
    if (valid()) calls_->Close(std::exchange(fd_, -1));
  }

 private:
  SocketCalls* calls_ = &KernelSockets();
  int fd_ = -1;
};

}  // namespace lev

#endif  // LEV_NET_OWNED_FD_H_
