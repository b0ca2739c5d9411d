// The stream over a socket descriptor: recv(2) and send(2).
//
// Borrows the descriptor, and the FdReadiness in which the loop and this
// stream tell each other what is known: a system call that could only say
// EAGAIN is not made.

#ifndef LEV_NET_FD_STREAM_H_
#define LEV_NET_FD_STREAM_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/loop/fd_readiness.h"
#include "lev/net/stream.h"

namespace lev {

class FdStream final : public Stream {
 public:
  FdStream(int fd, FdReadiness& readiness) : readiness_(readiness), fd_(fd) {}

  IoResult TryRead(absl::Span<char> out) override;
  IoResult TryWrite(absl::Span<const char> data) override;
  IoResult TryShutdownWrite() override;
  int fd() const override { return fd_; }
  const absl::Status& error() const override { return error_; }

 private:
  IoResult Fail(int code);

  FdReadiness& readiness_;
  absl::Status error_;
  const int fd_;
};

}  // namespace lev

#endif  // LEV_NET_FD_STREAM_H_
