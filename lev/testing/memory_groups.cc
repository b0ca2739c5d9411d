#include "lev/testing/memory_groups.h"

#include <errno.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "lev/testing/memory_address.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/memory_socket.h"

namespace lev {
namespace {

// As the kernel has it if nobody says otherwise.
constexpr size_t kMostGroups = 20;

const in6_addr& V6(const Address& address) {
  return reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr;
}

Address FromV4(in_addr address) {
  sockaddr_storage storage = {};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  v4.sin_family = AF_INET;
  v4.sin_addr = address;
  return Address::FromKernel(storage, sizeof(v4));
}

Address FromV6(const in6_addr& address) {
  sockaddr_storage storage = {};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = address;
  return Address::FromKernel(storage, sizeof(v6));
}

// The last of 127.0.0.0/8: a broadcast that stays here.
bool IsLocalBroadcast(const Address& address) {
  return SameHost(address, FromV4({htonl(0x7fffffff)}));
}

bool IsBroadcast(const Address& address) {
  return SameHost(address, FromV4({INADDR_BROADCAST})) ||
         IsLocalBroadcast(address);
}

// Those that every host has joined.
bool IsForAll(const Address& group) {
  return SameHost(group, FromV4({htonl(INADDR_ALLHOSTS_GROUP)})) ||
         SameHost(group, *Address::Parse("ff02::1", 0));
}

// The host's own address there; null if it has none of that family.
const Address* AddressOn(const NetInterface& interface, int family) {
  for (const Address& own : interface.addresses) {
    if (own.family() == family) return &own;
  }
  return nullptr;
}

// Which one an ip_mreqn means: by its number, else by an address, else
// `otherwise`. 0 if there is none.
unsigned FindInterface(const MemoryHost& host, const ip_mreqn& request,
                       unsigned otherwise) {
  const bool by_address = request.imr_address.s_addr != INADDR_ANY;
  const Address address = FromV4(request.imr_address);
  for (const NetInterface& one : InterfacesOf(host)) {
    const auto number = static_cast<unsigned>(request.imr_ifindex);
    if (number != 0 && one.index == number) return number;
    if (number != 0 || !by_address) continue;
    for (const Address& own : one.addresses) {
      if (SameHost(own, address)) return one.index;
    }
  }
  return request.imr_ifindex == 0 && !by_address ? otherwise : 0;
}

bool Exists(unsigned interface) {
  return interface == kMemoryLoopback || interface == kMemoryEthernet;
}

// Of a structure that may be shorter than it could be.
template <typename T>
T Read(const void* value, socklen_t size) {
  T data = {};
  std::memcpy(&data, value, std::min<size_t>(size, sizeof(data)));
  return data;
}

template <typename T>
void Write(MemorySocket& socket, int level, int option, const T& data) {
  socket.options[{level, option}] =
      std::string(reinterpret_cast<const char*>(&data), sizeof(data));
}

// An ip_mreqn, or the in_addr alone.
int SetInterfaceV4(MemorySocket& socket, const void* value, socklen_t size) {
  ip_mreqn request = {};
  if (size >= sizeof(ip_mreq)) {
    request = Read<ip_mreqn>(value, size);
  } else {
    request.imr_address = Read<in_addr>(value, size);
  }
  const bool none =
      request.imr_ifindex == 0 && request.imr_address.s_addr == INADDR_ANY;
  const unsigned found = FindInterface(socket.host(), request, 0);
  if (found == 0 && !none) return -EADDRNOTAVAIL;
  request.imr_ifindex = static_cast<int>(found);
  Write(socket, IPPROTO_IP, IP_MULTICAST_IF, request);
  return 0;
}

int SetInterfaceV6(MemorySocket& socket, const void* value, socklen_t size) {
  const auto index = Read<unsigned>(value, size);
  if (index != 0 && !Exists(index)) return -ENODEV;
  Write(socket, IPPROTO_IPV6, IPV6_MULTICAST_IF, index);
  return 0;
}

int Join(MemorySocket& socket, const Address& group, unsigned interface) {
  if (!IsMulticast(group)) return -EINVAL;
  if (!Exists(interface)) return -ENODEV;
  size_t same_family = 0;
  for (const MemoryGroup& one : socket.groups) {
    if (SameHost(one.address, group) && one.interface == interface) {
      return -EADDRINUSE;
    }
    if (one.address.family() == AF_INET) ++same_family;
  }
  if (group.family() == AF_INET && same_family >= kMostGroups) return -ENOBUFS;
  socket.groups.push_back({group, interface});
  return 0;
}

// 0: whichever it has joined by.
int Leave(MemorySocket& socket, const Address& group, unsigned interface) {
  for (size_t i = 0; i < socket.groups.size(); ++i) {
    const MemoryGroup& one = socket.groups[i];
    if (!SameHost(one.address, group)) continue;
    if (interface != 0 && one.interface != interface) continue;
    socket.groups.erase(socket.groups.begin() + static_cast<ptrdiff_t>(i));
    return 0;
  }
  return -EADDRNOTAVAIL;
}

int ChangeV4(MemorySocket& socket, bool joins, const ip_mreqn& request) {
  const Address group = FromV4(request.imr_multiaddr);
  const unsigned interface =
      FindInterface(socket.host(), request, kMemoryEthernet);
  if (joins) return Join(socket, group, interface);
  return interface == 0 ? -EADDRNOTAVAIL : Leave(socket, group, interface);
}

int ChangeV6(MemorySocket& socket, bool joins, const ipv6_mreq& request) {
  const Address group = FromV6(request.ipv6mr_multiaddr);
  const unsigned interface = request.ipv6mr_interface;
  if (joins)
    return Join(socket, group, interface ? interface : kMemoryEthernet);
  return IsMulticast(group) ? Leave(socket, group, interface) : -EINVAL;
}

// Where the socket sends groups of this family; 0: it has not been said.
unsigned ChosenInterface(const MemorySocket& socket, const Address& to,
                         Address& from) {
  if (to.family() == AF_INET6) {
    const auto scope =
        reinterpret_cast<const sockaddr_in6*>(to.data())->sin6_scope_id;
    if (scope != 0) return scope;
    const auto found = socket.options.find({IPPROTO_IPV6, IPV6_MULTICAST_IF});
    if (found == socket.options.end()) return 0;
    return Read<unsigned>(found->second.data(), sizeof(unsigned));
  }
  const auto found = socket.options.find({IPPROTO_IP, IP_MULTICAST_IF});
  if (found == socket.options.end() || !IsMulticast(to)) return 0;
  const auto request = Read<ip_mreqn>(found->second.data(), sizeof(ip_mreqn));
  from = FromV4(request.imr_address);
  return static_cast<unsigned>(request.imr_ifindex);
}

}  // namespace

std::vector<NetInterface> InterfacesOf(const MemoryHost& host) {
  return {{.name = "lo",
           .index = kMemoryLoopback,
           .addresses = {LoopbackAddress(AF_INET), LoopbackAddress(AF_INET6)}},
          {.name = "eth0",
           .index = kMemoryEthernet,
           .addresses = host.addresses()}};
}

bool IsForMany(const Address& address) {
  return IsMulticast(address) || IsBroadcast(address);
}

bool IsMulticast(const Address& address) {
  if (address.family() == AF_INET6) return IN6_IS_ADDR_MULTICAST(&V6(address));
  if (address.family() != AF_INET) return false;
  const auto& v4 = *reinterpret_cast<const sockaddr_in*>(address.data());
  return IN_MULTICAST(ntohl(v4.sin_addr.s_addr));
}

bool IsGroupOption(int level, int option) {
  if (level == IPPROTO_IP) {
    return option == IP_ADD_MEMBERSHIP || option == IP_DROP_MEMBERSHIP ||
           option == IP_MULTICAST_IF;
  }
  return level == IPPROTO_IPV6 &&
         (option == IPV6_JOIN_GROUP || option == IPV6_LEAVE_GROUP ||
          option == IPV6_MULTICAST_IF);
}

int SetGroupOption(MemorySocket& socket, int level, int option,
                   const void* value, socklen_t size) {
  if (level == IPPROTO_IP && option == IP_MULTICAST_IF) {
    return SetInterfaceV4(socket, value, size);
  }
  if (level == IPPROTO_IPV6 && option == IPV6_MULTICAST_IF) {
    return SetInterfaceV6(socket, value, size);
  }
  if (socket.type() != SOCK_DGRAM) return -EPROTO;
  if (level == IPPROTO_IP) {
    return ChangeV4(socket, option == IP_ADD_MEMBERSHIP,
                    Read<ip_mreqn>(value, size));
  }
  return ChangeV6(socket, option == IPV6_JOIN_GROUP,
                  Read<ipv6_mreq>(value, size));
}

int RouteToMany(const MemorySocket& socket, const Address& to,
                MemoryRoute& route) {
  if (IsBroadcast(to) && !socket.HasSwitch(SOL_SOCKET, SO_BROADCAST)) {
    return -EACCES;
  }
  route.from = AnyAddress(to.family());
  const unsigned chosen = IsLocalBroadcast(to)
                              ? kMemoryLoopback
                              : ChosenInterface(socket, to, route.from);
  route.interface = chosen != 0 ? chosen : kMemoryEthernet;
  const Address own = Unmapped(socket.local());
  if (!IsAny(own) && !IsForMany(own)) route.from = own;
  for (const NetInterface& one : InterfacesOf(socket.host())) {
    if (one.index != route.interface) continue;
    const Address* const address = AddressOn(one, to.family());
    if (address == nullptr) return -ENETUNREACH;
    if (IsAny(route.from)) route.from = *address;
    return 0;
  }
  return -ENODEV;
}

bool HearsGroup(MemoryHost& host, const Address& group, unsigned interface) {
  if (!IsMulticast(group) || IsForAll(group)) return true;
  bool hears = false;
  host.network().ForEachSocket(host, [&](MemorySocket& socket) {
    for (const MemoryGroup& one : socket.groups) {
      hears |= one.interface == interface && SameHost(one.address, group);
    }
  });
  return hears;
}

}  // namespace lev
