#include "lev/testing/memory_address.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace lev {
namespace {

const in_addr& V4(const Address& address) {
  return reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr;
}

const in6_addr& V6(const Address& address) {
  return reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr;
}

}  // namespace

bool SameAddress(const Address& one, const Address& other) {
  return SameHost(one, other) && one.port() == other.port();
}

bool SameHost(const Address& one, const Address& other) {
  if (one.family() != other.family()) return false;
  if (one.is_unix()) return one.host() == other.host();
  if (one.family() == AF_INET) return V4(one).s_addr == V4(other).s_addr;
  return IN6_ARE_ADDR_EQUAL(&V6(one), &V6(other));
}

Address AnyAddress(int family) {
  if (family == AF_UNIX) {
    sockaddr_storage storage = {};
    storage.ss_family = AF_UNIX;
    return Address::FromKernel(storage, sizeof(storage.ss_family));
  }
  return *Address::Parse(family == AF_INET6 ? "::" : "0.0.0.0", 0);
}

Address LoopbackAddress(int family) {
  return *Address::Parse(family == AF_INET6 ? "::1" : "127.0.0.1", 0);
}

bool IsAny(const Address& address) {
  return SameHost(address, AnyAddress(address.family()));
}

bool IsLoopback(const Address& address) {
  if (address.family() == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&V6(address));
  return address.family() == AF_INET &&
         ntohl(V4(address).s_addr) >> 24 == IN_LOOPBACKNET;
}

Address Mapped(const Address& address) {
  if (address.family() != AF_INET) return address;
  return *Address::Parse("::ffff:" + address.host(), address.port());
}

Address Unmapped(const Address& address) {
  constexpr size_t kPrefix = 12;
  if (address.family() != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&V6(address))) {
    return address;
  }
  sockaddr_storage storage = {};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port());
  std::memcpy(&v4.sin_addr, V6(address).s6_addr + kPrefix, sizeof(v4.sin_addr));
  return Address::FromKernel(storage, sizeof(v4));
}

Address WithPort(const Address& address, uint16_t port) {
  sockaddr_storage storage = {};
  std::memcpy(&storage, address.data(), address.size());
  if (address.family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
  }
  return Address::FromKernel(storage, address.size());
}

}  // namespace lev
