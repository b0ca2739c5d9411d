#include "lev/net/fd_stream.h"

#include <errno.h>
#include <sys/socket.h>

#include "lev/net/error.h"

namespace lev {

IoResult FdStream::TryRead(absl::Span<char> out) {
  while (readiness_.readable) {
    const ssize_t count = recv(fd_, out.data(), out.size(), 0);
    if (count > 0) {
      // Fewer than asked for: the kernel's buffer is empty, and the next
      // arrival is an edge. Not so once something exceptional was reported.
      const bool drained = static_cast<size_t>(count) < out.size();
      if (drained && !readiness_.exceptional) readiness_.readable = false;
      return IoResult::Done(count);
    }
    if (count == 0) return IoResult::Done(0);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Fail(errno);
    readiness_.readable = false;
  }
  return IoResult::WantRead();
}

IoResult FdStream::TryWrite(absl::Span<const char> data) {
  while (readiness_.writable) {
    const ssize_t count = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (count >= 0) return IoResult::Done(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Fail(errno);
    readiness_.writable = false;
  }
  return IoResult::WantWrite();
}

IoResult FdStream::TryShutdownWrite() {
  if (shutdown(fd_, SHUT_WR) == 0) return IoResult::Done(0);
  return Fail(errno);
}

IoResult FdStream::Fail(int code) {
  error_ = ErrnoError(code);
  return IoResult::Failed();
}

}  // namespace lev
