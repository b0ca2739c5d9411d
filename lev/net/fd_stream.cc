#include "lev/net/fd_stream.h"

#include <errno.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <utility>

#include "lev/net/error.h"
#include "lev/net/unix_socket.h"

namespace lev {
namespace {

// Makes write(2) or sendfile(2) say EPIPE without raising SIGPIPE, which only
// send(2) can be asked for. The signal is directed at this thread: kept back,
// and taken off the queue unless it was there before.
template <typename Call>
ssize_t WithoutSignal(Call call) {
  sigset_t pipe_signal;
  sigset_t before;
  sigset_t pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  sigpending(&pending);
  const ssize_t count = call();
  const int code = errno;
  if (count < 0 && code == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
    const timespec at_once = {};
    sigtimedwait(&pipe_signal, nullptr, &at_once);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = code;
  return count;
}

}  // namespace

ssize_t FdStream::Read(absl::Span<char> out) {
  if (kept_ != nullptr) {
    if (kept_->fds.size() > kMostKept) return errno = EMSGSIZE, -1;
    return RecvWithFds(fd_, out, kept_->fds, kept_->lost);
  }
  if (kind_ == Kind::kPipe) return read(fd_, out.data(), out.size());
  return recv(fd_, out.data(), out.size(), 0);
}

ssize_t FdStream::Write(absl::Span<const char> data) {
  if (kind_ == Kind::kPipe) {
    return WithoutSignal([&] { return write(fd_, data.data(), data.size()); });
  }
  return send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
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
    if (errno == EIO && kind_ == Kind::kPipe) return IoResult::Done(0);
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
  return Move([&] {
    return WithoutSignal([&] { return sendfile(fd_, file, &offset, count); });
  });
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
  if (shutdown(fd_, SHUT_WR) == 0) return IoResult::Done(0);
  return Fail(errno);
}

IoResult FdStream::Fail(int code) {
  error_ = ErrnoError(code);
  return IoResult::Failed();
}

}  // namespace lev
