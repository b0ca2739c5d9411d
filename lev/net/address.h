// An IPv4 or IPv6 address with a port.

#ifndef LEV_NET_ADDRESS_H_
#define LEV_NET_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lev {

class Address {
 public:
  // 0.0.0.0, port 0.
  Address();

  // `host` is an address in digits ("127.0.0.1", "::1", "fe80::1%eth0").
  // Error: InvalidArgument that quotes what was given.
  static absl::StatusOr<Address> Parse(absl::string_view host, uint16_t port);

  // From what the kernel filled in.
  static Address FromKernel(const sockaddr_storage& storage);

  std::string host() const;
  // No host is longer: an IPv6 address and the name of an interface.
  static constexpr size_t kMaxHostSize = 63;
  uint16_t port() const;
  int family() const { return address_.generic.sa_family; }

  const sockaddr* data() const { return &address_.generic; }
  socklen_t size() const;

 private:
  union {
    sockaddr generic;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } address_;
};

}  // namespace lev

#endif  // LEV_NET_ADDRESS_H_
