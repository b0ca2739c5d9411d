// The stream over a descriptor: recv(2) and send(2) for a socket, read(2) and
// write(2) for a pipe or a terminal.
//
// Borrows the descriptor, and the FdReadiness in which the loop and this
// stream tell each other what is known: a system call that could only say
// EAGAIN is not made.

#ifndef LEV_NET_FD_STREAM_H_
#define LEV_NET_FD_STREAM_H_

#include <sys/types.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/loop/fd_readiness.h"
#include "lev/net/stream.h"

namespace lev {

class FdStream final : public Stream {
 public:
  enum class Kind : uint8_t { kSocket, kPipe };

  FdStream(int fd, FdReadiness& readiness, Kind kind = Kind::kSocket)
      : readiness_(readiness), fd_(fd), kind_(kind) {}

  IoResult TryRead(absl::Span<char> out) override;
  IoResult TryWrite(absl::Span<const char> data) override;
  IoResult TryShutdownWrite() override;
  int fd() const override { return fd_; }
  const absl::Status& error() const override { return error_; }
  Kind kind() const { return kind_; }

 private:
  ssize_t Read(absl::Span<char> out);
  ssize_t Write(absl::Span<const char> data);
  IoResult Fail(int code);

  FdReadiness& readiness_;
  absl::Status error_;
  const int fd_;
  const Kind kind_;
};

}  // namespace lev

#endif  // LEV_NET_FD_STREAM_H_
