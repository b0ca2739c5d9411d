// TCP system calls with lev's errors: no loop, no waiting, no state.
//
// Every descriptor is non-blocking and close-on-exec from birth.

#ifndef LEV_NET_TCP_SOCKET_H_
#define LEV_NET_TCP_SOCKET_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/net/address.h"
#include "lev/net/io_result.h"
#include "lev/net/owned_fd.h"
#include "lev/net/socket_calls.h"

namespace lev {

struct ListenOptions {
  bool reuse_port = false;
  int backlog = 128;
};

// An unconnected socket for `family` (AF_INET, AF_INET6), TCP_NODELAY on:
// lev writes whole messages, and Nagle's delay would only add to them.
absl::StatusOr<OwnedFd> OpenTcpSocket(int family,
                                      SocketCalls& calls = KernelSockets());

// A bound socket that listens. SO_REUSEADDR is on, so a server can be
// restarted while old connections linger.
absl::StatusOr<OwnedFd> OpenTcpListener(const Address& address,
                                        const ListenOptions& options,
                                        SocketCalls& calls = KernelSockets());

absl::Status Bind(FdRef fd, const Address& address);
absl::Status StartListening(FdRef fd, int backlog);

// From which address, and port unless it is 0, to connect.
absl::Status BindBeforeConnect(FdRef fd, const Address& local);

// Begins to connect. Done, or WantWrite: ask FinishConnect then. On Failed
// `error` says why.
IoResult StartConnect(FdRef fd, const Address& address, absl::Status& error);

// Whether the connection is established by now.
IoResult FinishConnect(FdRef fd, absl::Status& error);

// Takes one connection off the queue into `fd` and `peer`; WantRead when
// there is none. Connections that died in the queue are passed over.
IoResult TryAccept(FdRef listener, OwnedFd& fd, Address& peer,
                   absl::Status& error);

// Half-closes: SHUT_RD, SHUT_WR or SHUT_RDWR.
absl::Status Shutdown(FdRef fd, int how);

absl::StatusOr<Address> PeerAddress(FdRef fd);
absl::StatusOr<Address> LocalAddress(FdRef fd);

}  // namespace lev

#endif  // LEV_NET_TCP_SOCKET_H_
