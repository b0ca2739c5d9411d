#include "lev/net/address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lev/net/error.h"

namespace lev {
namespace {

constexpr size_t kPathOffset = offsetof(sockaddr_un, sun_path);

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
  size_ = sizeof(address_.v4);
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
  address.size_ = sizeof(v6);
  if (ParseV6(text, v6)) return address;
  return InvalidError(
      absl::StrCat("not an IPv4 or IPv6 address: \"", host, "\""));
}

absl::StatusOr<Address> Address::Unix(absl::string_view name) {
  Address address;
  sockaddr_un& local = address.address_.local;
  const bool abstract = !name.empty() && (name[0] == '@' || name[0] == '\0');
  // A path needs its end; an abstract name has a length.
  const size_t most = sizeof(local.sun_path) - (abstract ? 0 : 1);
  if (name.empty()) return InvalidError("the path of a socket is empty");
  if (name.size() > most) {
    return InvalidError(
        absl::StrCat("the path of a socket is longer than ", most, " bytes"));
  }
  if (!abstract && name.find('\0') != absl::string_view::npos) {
    return InvalidError("the path of a socket contains a NUL byte");
  }
  local.sun_family = AF_UNIX;
  name.copy(local.sun_path, name.size());
  if (abstract) local.sun_path[0] = '\0';
  address.size_ =
      static_cast<socklen_t>(kPathOffset + name.size() + (abstract ? 0 : 1));
  return address;
}

Address Address::FromKernel(const sockaddr_storage& storage, socklen_t size) {
  Address address;
  address.size_ = std::min<socklen_t>(size, sizeof(address.address_));
  std::memcpy(&address.address_, &storage, address.size_);
  return address;
}

std::string Address::host() const {
  static_assert(INET6_ADDRSTRLEN + 1 + IF_NAMESIZE <= kMaxHostSize);
  if (is_unix()) return UnixName();
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

std::string Address::UnixName() const {
  if (size_ <= kPathOffset) return "";
  const sockaddr_un& local = address_.local;
  if (local.sun_path[0] != '\0') {
    return std::string(local.sun_path,
                       strnlen(local.sun_path, size_ - kPathOffset));
  }
  return absl::StrCat(
      "@", absl::string_view(local.sun_path + 1, size_ - kPathOffset - 1));
}

uint16_t Address::port() const {
  if (is_unix()) return 0;
  return ntohs(family() == AF_INET ? address_.v4.sin_port
                                   : address_.v6.sin6_port);
}

std::string Address::ToString() const {
  switch (family()) {
    case AF_UNIX:
      return absl::StrCat("unix:", host());
    case AF_INET6:
      return absl::StrCat("[", host(), "]:", port());
    default:
      return absl::StrCat(host(), ":", port());
  }
}

}  // namespace lev
