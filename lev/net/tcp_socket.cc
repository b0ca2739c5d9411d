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

using NameCall = int (SocketCalls::*)(int, sockaddr*, socklen_t*);

absl::StatusOr<Address> AddressOf(FdRef fd, NameCall call) {
  sockaddr_storage storage = {};
  socklen_t size = sizeof(storage);
  if ((fd.calls().*call)(fd.get(), reinterpret_cast<sockaddr*>(&storage),
                         &size) != 0) {
    return ErrnoError(errno);
  }
  return Address::FromKernel(storage, size);
}

}  // namespace

absl::StatusOr<OwnedFd> OpenTcpSocket(int family, SocketCalls& calls) {
  OwnedFd fd(calls.Socket(family, SOCK_STREAM), calls);
  if (!fd.valid()) return ErrnoError(errno);
  const absl::Status set = SetRawOption(fd.ref(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (!set.ok()) return set;
  return fd;
}

absl::StatusOr<OwnedFd> OpenTcpListener(const Address& address,
                                        const ListenOptions& options,
                                        SocketCalls& calls) {
  absl::StatusOr<OwnedFd> fd = OpenTcpSocket(address.family(), calls);
  if (!fd.ok()) return fd;
  absl::Status set = SetRawOption(fd->ref(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (set.ok() && options.reuse_port) {
    set = SetRawOption(fd->ref(), SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (!set.ok()) return set;
  set = Bind(fd->ref(), address);
  if (set.ok()) set = StartListening(fd->ref(), options.backlog);
  if (!set.ok()) return set;
  return fd;
}

absl::Status Bind(FdRef fd, const Address& address) {
  return fd.calls().Bind(fd.get(), address.data(), address.size()) == 0
             ? absl::OkStatus()
             : ErrnoError(errno);
}

absl::Status StartListening(FdRef fd, int backlog) {
  return fd.calls().Listen(fd.get(), backlog) == 0 ? absl::OkStatus()
                                                   : ErrnoError(errno);
}

absl::Status BindBeforeConnect(FdRef fd, const Address& local) {
  // The port is chosen once the peer is known: it need not be free for all.
  const int on = 1;
  fd.calls().SetOption(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
                       sizeof(on));
  return Bind(fd, local);
}

IoResult StartConnect(FdRef fd, const Address& address, absl::Status& error) {
  if (fd.calls().Connect(fd.get(), address.data(), address.size()) == 0) {
    return IoResult::Done(0);
  }
  // EINTR: the handshake goes on in the kernel, as with EINPROGRESS.
  if (errno == EINPROGRESS || errno == EINTR) return IoResult::WantWrite();
  return Fail(errno, error);
}

IoResult FinishConnect(FdRef fd, absl::Status& error) {
  int code = 0;
  socklen_t size = sizeof(code);
  if (fd.calls().GetOption(fd.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0)
    code = errno;
  if (code != 0) return Fail(code, error);
  // No error may also mean "not yet": only a peer proves the connection.
  sockaddr_storage peer;
  size = sizeof(peer);
  if (fd.calls().PeerName(fd.get(), reinterpret_cast<sockaddr*>(&peer),
                          &size) == 0) {
    return IoResult::Done(0);
  }
  if (errno == ENOTCONN) return IoResult::WantWrite();
  return Fail(errno, error);
}

IoResult TryAccept(FdRef listener, OwnedFd& fd, Address& peer,
                   absl::Status& error) {
  for (;;) {
    sockaddr_storage storage = {};
    socklen_t size = sizeof(storage);
    SocketCalls& calls = listener.calls();
    fd = OwnedFd(calls.Accept(listener.get(),
                              reinterpret_cast<sockaddr*>(&storage), &size),
                 calls);
    if (fd.valid()) {
      // Inherited from the listener, as is TCP_NODELAY.
      peer = Address::FromKernel(storage, size);
      return IoResult::Done(1);
    }
    if (errno == EAGAIN) return IoResult::WantRead();
    if (!DiedInQueue(errno)) return Fail(errno, error);
  }
}

absl::Status Shutdown(FdRef fd, int how) {
  return fd.calls().Shutdown(fd.get(), how) == 0 ? absl::OkStatus()
                                                 : ErrnoError(errno);
}

absl::StatusOr<Address> PeerAddress(FdRef fd) {
  return AddressOf(fd, &SocketCalls::PeerName);
}

absl::StatusOr<Address> LocalAddress(FdRef fd) {
  return AddressOf(fd, &SocketCalls::LocalName);
}

}  // namespace lev
