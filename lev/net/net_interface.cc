#include "lev/net/net_interface.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

namespace lev {
namespace {

using AddressList = std::unique_ptr<ifaddrs, decltype(&freeifaddrs)>;

// The one with this number, which may be new: an address can have a label of
// its own ("eth0:1"), and an interface need have no address.
NetInterface* Find(const char* label, std::vector<NetInterface>& interfaces) {
  const unsigned index = if_nametoindex(label);
  char name[IF_NAMESIZE];
  if (index == 0 || if_indextoname(index, name) == nullptr) return nullptr;
  for (NetInterface& interface : interfaces) {
    if (interface.index == index) return &interface;
  }
  interfaces.push_back({.name = name, .index = index});
  return &interfaces.back();
}

socklen_t SizeOf(int family) {
  if (family == AF_INET) return sizeof(sockaddr_in);
  return family == AF_INET6 ? sizeof(sockaddr_in6) : 0;
}

}  // namespace

int KernelInterfaces(std::vector<NetInterface>& interfaces) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return -1;
  const AddressList list(first, freeifaddrs);
  for (const ifaddrs* entry = first; entry; entry = entry->ifa_next) {
    NetInterface* const interface = Find(entry->ifa_name, interfaces);
    if (interface == nullptr || entry->ifa_addr == nullptr) continue;
    const socklen_t size = SizeOf(entry->ifa_addr->sa_family);
    if (size == 0) continue;
    sockaddr_storage storage = {};
    std::memcpy(&storage, entry->ifa_addr, size);
    interface->addresses.push_back(Address::FromKernel(storage, size));
  }
  return 0;
}

}  // namespace lev
