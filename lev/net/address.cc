#include "lev/net/address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lev/net/error.h"

namespace lev {
namespace {

// `fe80::1%eth0`: the zone is an interface's name or number.
bool ParseZone(const std::string& zone, uint32_t& scope_id) {
  scope_id = if_nametoindex(zone.c_str());
  if (scope_id != 0) return true;
  // SimpleAtoi would let a sign and spaces pass.
  return zone.find_first_not_of("0123456789") == std::string::npos &&
         absl::SimpleAtoi(zone, &scope_id);
}

bool ParseV6(const std::string& text, sockaddr_in6& out) {
  const size_t percent = text.find('%');
  if (percent != std::string::npos &&
      !ParseZone(text.substr(percent + 1), out.sin6_scope_id)) {
    return false;
  }
  const std::string digits = text.substr(0, percent);
  return inet_pton(AF_INET6, digits.c_str(), &out.sin6_addr) == 1;
}

}  // namespace

Address::Address() {
  std::memset(&address_, 0, sizeof(address_));
  address_.v4.sin_family = AF_INET;
}

absl::StatusOr<Address> Address::Parse(absl::string_view host, uint16_t port) {
  const std::string text(host);
  Address address;
  if (host.find('\0') != absl::string_view::npos) {
    return InvalidError("the address contains a NUL byte");
  }
  if (inet_pton(AF_INET, text.c_str(), &address.address_.v4.sin_addr) == 1) {
    address.address_.v4.sin_port = htons(port);
    return address;
  }
  sockaddr_in6& v6 = address.address_.v6;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (ParseV6(text, v6)) return address;
  return InvalidError(
      absl::StrCat("not an IPv4 or IPv6 address: \"", host, "\""));
}

Address Address::FromKernel(const sockaddr_storage& storage) {
  Address address;
  std::memcpy(&address.address_, &storage, sizeof(address.address_));
  return address;
}

std::string Address::host() const {
  static_assert(INET6_ADDRSTRLEN + 1 + IF_NAMESIZE == kMaxHostSize);
  char text[kMaxHostSize];
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &address_.v4.sin_addr, text, sizeof(text));
    return text;
  }
  inet_ntop(AF_INET6, &address_.v6.sin6_addr, text, sizeof(text));
  char zone[IF_NAMESIZE];
  const uint32_t scope_id = address_.v6.sin6_scope_id;
  if (scope_id == 0) return text;
  if (if_indextoname(scope_id, zone) == nullptr) {
    return absl::StrCat(text, "%", scope_id);
  }
  return absl::StrCat(text, "%", zone);
}

uint16_t Address::port() const {
  return ntohs(family() == AF_INET ? address_.v4.sin_port
                                   : address_.v6.sin6_port);
}

socklen_t Address::size() const {
  return family() == AF_INET ? sizeof(address_.v4) : sizeof(address_.v6);
}

}  // namespace lev
