// Multicast system calls: groups to listen to, and the interface to send by.
//
// An interface is named in words: one of its addresses ("192.168.1.2"), its
// name ("eth0"), its number ("2"); an empty text leaves the choice to the
// kernel. One that does not exist is "No such device".

#ifndef LEV_NET_MULTICAST_H_
#define LEV_NET_MULTICAST_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/net/address.h"
#include "lev/net/socket_calls.h"

namespace lev {

// The socket receives what is sent to the group; and no more.
absl::Status JoinGroup(FdRef fd, const Address& group,
                       absl::string_view interface);
absl::Status LeaveGroup(FdRef fd, const Address& group,
                        absl::string_view interface);

// By which interface the socket sends to groups.
absl::Status SetMulticastInterface(FdRef fd, absl::string_view interface);

// IPv4: an address of the interface, or "0.0.0.0"; IPv6: its name, or nothing.
absl::StatusOr<std::string> GetMulticastInterface(FdRef fd);

}  // namespace lev

#endif  // LEV_NET_MULTICAST_H_
