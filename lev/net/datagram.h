// Datagrams, and the system calls that move them, with lev's errors: no loop,
// no waiting, no state.
//
// Every descriptor is non-blocking and close-on-exec from birth. (Sockets of
// the UNIX domain are made in unix_socket.h.)

#ifndef LEV_NET_DATAGRAM_H_
#define LEV_NET_DATAGRAM_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/net/address.h"
#include "lev/net/io_result.h"
#include "lev/net/owned_fd.h"
#include "lev/net/socket_calls.h"

namespace lev {

struct Datagram {
  // Borrowed: received, it is in the buffer that was given.
  absl::string_view data;
  // Where it came from, or is to go.
  Address peer = {};
  // To send: to `peer`, rather than to whom the socket is connected.
  bool addressed = false;
  // Received: there was no room for its end, which is lost.
  bool truncated = false;
};

// One system call moves no more, and is not to be asked to receive more.
constexpr size_t kMostDatagramsPerCall = 64;

// A UDP socket for `family`: AF_INET, AF_INET6.
absl::StatusOr<OwnedFd> OpenUdpSocket(int family,
                                      SocketCalls& calls = KernelSockets());

// A datagram is received whole, or truncated to `buffer`; an empty one is no
// end of anything. WantRead when there is none.
IoResult TryRecvFrom(FdRef fd, absl::Span<char> buffer, Datagram& datagram,
                     absl::Status& error);

// As many as there are, of at most `max` bytes each, for which `buffer` has
// room. Done says how many: if less than were asked for, there were no more.
// WantRead when there is none.
IoResult TryRecvMany(FdRef fd, absl::Span<char> buffer, size_t max,
                     absl::Span<Datagram> datagrams, absl::Status& error);

// A datagram is sent whole or not at all. WantWrite when the kernel, or in the
// UNIX domain the receiver, has no room.
IoResult TrySendTo(FdRef fd, const Datagram& datagram, absl::Status& error);

// As many of these as there is room for, the first ones. Done says how many;
// an error is that of the first.
IoResult TrySendMany(FdRef fd, absl::Span<const Datagram> datagrams,
                     absl::Status& error);

}  // namespace lev

#endif  // LEV_NET_DATAGRAM_H_
