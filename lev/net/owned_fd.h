// A file descriptor with one owner, closed with it.

#ifndef LEV_NET_OWNED_FD_H_
#define LEV_NET_OWNED_FD_H_

#include <unistd.h>

#include <utility>

namespace lev {

class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd() { Close(); }

  // Negative when there is none.
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // Gives it away.
  int Release() { return std::exchange(fd_, -1); }

  void Close() {
    // Not retried on EINTR: Linux has released the number by then.
    if (valid()) close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace lev

#endif  // LEV_NET_OWNED_FD_H_
