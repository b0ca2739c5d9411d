#include "lev/net/multicast.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lev/net/error.h"
#include "lev/net/net_interface.h"
#include "lev/net/socket_options.h"

namespace lev {
namespace {

struct Interface {
  unsigned index = 0;
  std::string name;
  in_addr address = {};  // One of its IPv4 addresses, if it has any.
};

const in_addr& V4(const Address& address) {
  return reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr;
}

// Ports and scopes aside.
bool SameAddress(const Address& one, const Address& other) {
  if (one.family() != other.family()) return false;
  if (one.family() == AF_INET) return V4(one).s_addr == V4(other).s_addr;
  return IN6_ARE_ADDR_EQUAL(
      &reinterpret_cast<const sockaddr_in6*>(one.data())->sin6_addr,
      &reinterpret_cast<const sockaddr_in6*>(other.data())->sin6_addr);
}

// Whether these words mean it: its name, its number, an address of its own.
bool IsMeant(const NetInterface& interface, absl::string_view words) {
  if (words == interface.name) return true;
  // SimpleAtoi would let a sign and spaces pass.
  if (words.find_first_not_of("0123456789") == absl::string_view::npos) {
    unsigned index = 0;
    return absl::SimpleAtoi(words, &index) && index == interface.index;
  }
  const absl::StatusOr<Address> address = Address::Parse(words, 0);
  if (!address.ok()) return false;
  for (const Address& own : interface.addresses) {
    if (SameAddress(own, *address)) return true;
  }
  return false;
}

// An address that was named itself is the one; otherwise the first.
in_addr AddressOf(const NetInterface& interface, absl::string_view words) {
  in_addr address = {};
  if (inet_pton(AF_INET, std::string(words).c_str(), &address) == 1) {
    return address;
  }
  for (const Address& own : interface.addresses) {
    if (own.family() == AF_INET) return V4(own);
  }
  return address;
}

absl::StatusOr<Interface> FindInterface(FdRef fd, absl::string_view words) {
  if (words.empty()) return Interface();
  std::vector<NetInterface> all;
  if (fd.calls().Interfaces(all) != 0) return ErrnoError(errno);
  for (const NetInterface& one : all) {
    if (!IsMeant(one, words)) continue;
    return Interface{one.index, one.name, AddressOf(one, words)};
  }
  return ErrnoError(ENODEV);
}

template <typename T>
absl::Status Set(FdRef fd, int level, int option, const T& data) {
  return fd.calls().SetOption(fd.get(), level, option, &data, sizeof(data)) == 0
             ? absl::OkStatus()
             : ErrnoError(errno);
}

absl::Status Change(FdRef fd, const Address& group, absl::string_view interface,
                    int ipv4_option, int ipv6_option) {
  const absl::StatusOr<Interface> found = FindInterface(fd, interface);
  if (!found.ok()) return found.status();
  if (group.family() == AF_INET6) {
    ipv6_mreq request = {};
    const auto* const address =
        reinterpret_cast<const sockaddr_in6*>(group.data());
    request.ipv6mr_multiaddr = address->sin6_addr;
    request.ipv6mr_interface =
        interface.empty() ? address->sin6_scope_id : found->index;
    return Set(fd, IPPROTO_IPV6, ipv6_option, request);
  }
  ip_mreqn request = {};
  request.imr_multiaddr =
      reinterpret_cast<const sockaddr_in*>(group.data())->sin_addr;
  request.imr_address = found->address;
  request.imr_ifindex = static_cast<int>(found->index);
  return Set(fd, IPPROTO_IP, ipv4_option, request);
}

}  // namespace

absl::Status JoinGroup(FdRef fd, const Address& group,
                       absl::string_view interface) {
  return Change(fd, group, interface, IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP);
}

absl::Status LeaveGroup(FdRef fd, const Address& group,
                        absl::string_view interface) {
  return Change(fd, group, interface, IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP);
}

absl::Status SetMulticastInterface(FdRef fd, absl::string_view interface) {
  const absl::StatusOr<Interface> found = FindInterface(fd, interface);
  if (!found.ok()) return found.status();
  const absl::StatusOr<int> family = SocketFamily(fd);
  if (!family.ok()) return family.status();
  if (*family == AF_INET6) {
    return SetRawOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF,
                        static_cast<int>(found->index));
  }
  ip_mreqn request = {};
  request.imr_address = found->address;
  request.imr_ifindex = static_cast<int>(found->index);
  return Set(fd, IPPROTO_IP, IP_MULTICAST_IF, request);
}

absl::StatusOr<std::string> GetMulticastInterface(FdRef fd) {
  const absl::StatusOr<int> family = SocketFamily(fd);
  if (!family.ok()) return family.status();
  if (*family == AF_INET6) {
    int index = 0;
    socklen_t size = sizeof(index);
    if (fd.calls().GetOption(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, &index,
                             &size) != 0) {
      return ErrnoError(errno);
    }
    const absl::StatusOr<Interface> found =
        FindInterface(fd, absl::StrCat(index));
    return found.ok() ? found->name : std::string();
  }
  in_addr address = {};
  socklen_t size = sizeof(address);
  if (fd.calls().GetOption(fd.get(), IPPROTO_IP, IP_MULTICAST_IF, &address,
                           &size) != 0) {
    return ErrnoError(errno);
  }
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &address, text, sizeof(text));
  return std::string(text);
}

}  // namespace lev
