#include "lev/net/multicast.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>

#include "absl/strings/numbers.h"
#include "lev/net/error.h"
#include "lev/net/socket_options.h"

namespace lev {
namespace {

struct Interface {
  unsigned index = 0;
  in_addr address = {};  // One of its IPv4 addresses, if it has any.
};

using AddressList = std::unique_ptr<ifaddrs, decltype(&freeifaddrs)>;

bool SameAddress(const sockaddr& one, const sockaddr& other) {
  if (one.sa_family != other.sa_family) return false;
  if (one.sa_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(one).sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in&>(other).sin_addr.s_addr;
  }
  return one.sa_family == AF_INET6 &&
         IN6_ARE_ADDR_EQUAL(
             &reinterpret_cast<const sockaddr_in6&>(one).sin6_addr,
             &reinterpret_cast<const sockaddr_in6&>(other).sin6_addr);
}

// The index of the interface in these words; 0 if there is none.
unsigned FindIndex(const std::string& words, const ifaddrs* list) {
  const unsigned named = if_nametoindex(words.c_str());
  if (named != 0) return named;
  unsigned index = 0;
  char name[IF_NAMESIZE];
  // SimpleAtoi would let a sign and spaces pass.
  if (words.find_first_not_of("0123456789") == std::string::npos) {
    const bool exists = absl::SimpleAtoi(words, &index) &&
                        if_indextoname(index, name) != nullptr;
    return exists ? index : 0;
  }
  const absl::StatusOr<Address> address = Address::Parse(words, 0);
  if (!address.ok()) return 0;
  for (; list != nullptr; list = list->ifa_next) {
    if (list->ifa_addr != nullptr &&
        SameAddress(*list->ifa_addr, *address->data())) {
      return if_nametoindex(list->ifa_name);
    }
  }
  return 0;
}

absl::StatusOr<Interface> FindInterface(absl::string_view words) {
  Interface found;
  if (words.empty()) return found;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return ErrnoError(errno);
  const AddressList list(first, freeifaddrs);
  const std::string text(words);
  if (words.find('\0') == absl::string_view::npos) {
    found.index = FindIndex(text, first);
  }
  if (found.index == 0) return ErrnoError(ENODEV);
  // An address that was named itself is the one; otherwise the first.
  if (inet_pton(AF_INET, text.c_str(), &found.address) == 1) return found;
  char name[IF_NAMESIZE];
  if (if_indextoname(found.index, name) == nullptr) return ErrnoError(errno);
  for (const ifaddrs* entry = first; entry; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET ||
        absl::string_view(entry->ifa_name) != name) {
      continue;
    }
    found.address =
        reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
    break;
  }
  return found;
}

template <typename T>
absl::Status Set(FdRef fd, int level, int option, const T& data) {
  return fd.calls().SetOption(fd.get(), level, option, &data, sizeof(data)) == 0
             ? absl::OkStatus()
             : ErrnoError(errno);
}

absl::Status Change(FdRef fd, const Address& group, absl::string_view interface,
                    int ipv4_option, int ipv6_option) {
  const absl::StatusOr<Interface> found = FindInterface(interface);
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
  const absl::StatusOr<Interface> found = FindInterface(interface);
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
    char name[IF_NAMESIZE];
    if (if_indextoname(static_cast<unsigned>(index), name) == nullptr) {
      return std::string();
    }
    return std::string(name);
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
