#include "lev/net/tcp_socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include "lev/net/error.h"
#include "lev/net/socket_options.h"

namespace lev {
namespace {

IoResult Fail(int code, absl::Status& error) {
  error = ErrnoError(code);
  return IoResult::Failed();
}

// Errors of a connection that died before it was accepted; accept(2) reports
// them although the listener is well.
bool DiedInQueue(int code) {
  switch (code) {
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EINTR:
      return true;
    default:
      return false;
  }
}

using NameCall = int (*)(int, sockaddr*, socklen_t*);

absl::StatusOr<Address> AddressOf(int fd, NameCall call) {
  sockaddr_storage storage = {};
  socklen_t size = sizeof(storage);
  if (call(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return ErrnoError(errno);
  }
  return Address::FromKernel(storage, size);
}

}  // namespace

absl::StatusOr<OwnedFd> OpenTcpSocket(int family) {
  OwnedFd fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoError(errno);
  const absl::Status set = SetRawOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (!set.ok()) return set;
  return fd;
}

absl::StatusOr<OwnedFd> OpenTcpListener(const Address& address,
                                        const ListenOptions& options) {
  absl::StatusOr<OwnedFd> fd = OpenTcpSocket(address.family());
  if (!fd.ok()) return fd;
  absl::Status set = SetRawOption(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (set.ok() && options.reuse_port) {
    set = SetRawOption(fd->get(), SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (!set.ok()) return set;
  set = Bind(fd->get(), address);
  if (set.ok()) set = StartListening(fd->get(), options.backlog);
  if (!set.ok()) return set;
  return fd;
}

absl::Status Bind(int fd, const Address& address) {
  return bind(fd, address.data(), address.size()) == 0 ? absl::OkStatus()
                                                       : ErrnoError(errno);
}

absl::Status StartListening(int fd, int backlog) {
  return listen(fd, backlog) == 0 ? absl::OkStatus() : ErrnoError(errno);
}

absl::Status BindBeforeConnect(int fd, const Address& local) {
  // The port is chosen once the peer is known: it need not be free for all.
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  return Bind(fd, local);
}

IoResult StartConnect(int fd, const Address& address, absl::Status& error) {
  if (connect(fd, address.data(), address.size()) == 0) {
    return IoResult::Done(0);
  }
  // EINTR: the handshake goes on in the kernel, as with EINPROGRESS.
  if (errno == EINPROGRESS || errno == EINTR) return IoResult::WantWrite();
  return Fail(errno, error);
}

IoResult FinishConnect(int fd, absl::Status& error) {
  int code = 0;
  socklen_t size = sizeof(code);
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
  if (code != 0) return Fail(code, error);
  // No error may also mean "not yet": only a peer proves the connection.
  sockaddr_storage peer;
  size = sizeof(peer);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0) {
    return IoResult::Done(0);
  }
  if (errno == ENOTCONN) return IoResult::WantWrite();
  return Fail(errno, error);
}

IoResult TryAccept(int listener, OwnedFd& fd, Address& peer,
                   absl::Status& error) {
  for (;;) {
    sockaddr_storage storage = {};
    socklen_t size = sizeof(storage);
    fd = OwnedFd(accept4(listener, reinterpret_cast<sockaddr*>(&storage), &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) {
      // Inherited from the listener, as is TCP_NODELAY.
      peer = Address::FromKernel(storage, size);
      return IoResult::Done(1);
    }
    if (errno == EAGAIN) return IoResult::WantRead();
    if (!DiedInQueue(errno)) return Fail(errno, error);
  }
}

absl::Status Shutdown(int fd, int how) {
  return shutdown(fd, how) == 0 ? absl::OkStatus() : ErrnoError(errno);
}

absl::StatusOr<Address> PeerAddress(int fd) {
  return AddressOf(fd, getpeername);
}

absl::StatusOr<Address> LocalAddress(int fd) {
  return AddressOf(fd, getsockname);
}

}  // namespace lev
