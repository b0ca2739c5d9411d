#include "lev/net/fd_stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "lev/net/error.h"
#include "lev/net/unix_socket.h"
#include "lev/net/without_sigpipe.h"

namespace lev {
namespace {

// Whether a call would not block just now. What is there may be taken by
// somebody else before the call: a risk that only shared streams have.
bool IsReady(int fd, short events) {
  pollfd entry = {fd, events, 0};
  if (poll(&entry, 1, 0) > 0) return true;
  errno = EAGAIN;
  return false;
}

ssize_t ReadShared(int fd, absl::Span<char> out) {
  const ssize_t count = recv(fd, out.data(), out.size(), MSG_DONTWAIT);
  if (count >= 0 || errno != ENOTSOCK) return count;
  return IsReady(fd, POLLIN) ? read(fd, out.data(), out.size()) : -1;
}

ssize_t WriteShared(int fd, absl::Span<const char> data) {
  const ssize_t count =
      send(fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0 || errno != ENOTSOCK) return count;
  if (!IsReady(fd, POLLOUT)) return -1;
  // So much fits into a pipe that is ready.
  const size_t size = data.size() < PIPE_BUF ? data.size() : PIPE_BUF;
  return WithoutSigpipe([&] { return write(fd, data.data(), size); });
}

}  // namespace

ssize_t FdStream::Read(absl::Span<char> out) {
  if (kept_ != nullptr) {
    if (kept_->fds.size() > kMostKept) return errno = EMSGSIZE, -1;
    return RecvWithFds(fd_, out, kept_->fds, kept_->lost);
  }
  if (kind_ == Kind::kPipe) {
    return fd_.calls().Read(fd(), out.data(), out.size());
  }
  if (kind_ == Kind::kShared) return ReadShared(fd(), out);
  return fd_.calls().Recv(fd(), out.data(), out.size(), 0, nullptr, nullptr);
}

ssize_t FdStream::Write(absl::Span<const char> data) {
  if (kind_ == Kind::kPipe) {
    return fd_.calls().Write(fd(), data.data(), data.size());
  }
  if (kind_ == Kind::kShared) return WriteShared(fd(), data);
  return fd_.calls().Send(fd(), data.data(), data.size(), nullptr, 0);
}

IoResult FdStream::TryRead(absl::Span<char> out) {
  while (readiness_.readable) {
    const ssize_t count = Read(out);
    if (count > 0) {
      // Fewer than asked for: the kernel's buffer is empty, and the next
      // arrival is an edge. Not so once something exceptional was reported.
      const bool drained =
          kind_ == Kind::kSocket && static_cast<size_t>(count) < out.size();
      if (drained && !readiness_.exceptional) readiness_.readable = false;
      return IoResult::Done(count);
    }
    if (count == 0) return IoResult::Done(0);
    if (errno == EINTR) continue;
    // A terminal whose other side has gone: its way to say end of file.
    if (errno == EIO && !sends_files()) return IoResult::Done(0);
    if (errno != EAGAIN) return Fail(errno);
    readiness_.readable = false;
  }
  return IoResult::WantRead();
}

// What write, sendfile and sendmsg have in common: `call` is one of them.
template <typename Call>
IoResult FdStream::Move(Call call) {
  while (readiness_.writable) {
    const ssize_t count = call();
    if (count >= 0) return IoResult::Done(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Fail(errno);
    readiness_.writable = false;
  }
  return IoResult::WantWrite();
}

IoResult FdStream::TryWrite(absl::Span<const char> data) {
  if (data.empty()) return IoResult::Done(0);
  return Move([&] { return Write(data); });
}

IoResult FdStream::TrySendFile(int file, off_t offset, size_t count) {
  return Move([&] { return fd_.calls().SendFile(fd(), file, &offset, count); });
}

IoResult FdStream::TryWriteWithFds(absl::Span<const char> data,
                                   absl::Span<const int> fds) {
  return Move([&] { return SendWithFds(fd_, data, fds); });
}

std::vector<OwnedFd> FdStream::TakeFds(bool& lost) {
  lost = std::exchange(kept_->lost, false);
  return std::exchange(kept_->fds, {});
}

IoResult FdStream::TryShutdownWrite() {
  if (fd_.calls().Shutdown(fd(), SHUT_WR) == 0) return IoResult::Done(0);
  return Fail(errno);
}

IoResult FdStream::Fail(int code) {
  error_ = ErrnoError(code);
  return IoResult::Failed();
}

}  // namespace lev
