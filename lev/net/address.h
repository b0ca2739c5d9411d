// Where a socket is: an IPv4 or IPv6 address with a port, or a name in the UNIX
// domain.

#ifndef LEV_NET_ADDRESS_H_
#define LEV_NET_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

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

  // A path, or a name in the abstract namespace, which begins with "@" or a
  // NUL byte. Error: InvalidArgument (empty, too long, NUL bytes in a path).
  static absl::StatusOr<Address> Unix(absl::string_view name);

  // From what the kernel filled in, and how much that was.
  static Address FromKernel(const sockaddr_storage& storage, socklen_t size);

  // The address in digits; of the UNIX domain the name, empty if it has none.
  std::string host() const;
  // No host is longer.
  static constexpr size_t kMaxHostSize = sizeof(sockaddr_un::sun_path);
  // 0 in the UNIX domain.
  uint16_t port() const;
  int family() const { return address_.generic.sa_family; }
  bool is_unix() const { return family() == AF_UNIX; }

  // For a human: "127.0.0.1:80", "[::1]:80", "unix:/run/x".
  std::string ToString() const;

  const sockaddr* data() const { return &address_.generic; }
  socklen_t size() const { return size_; }

 private:
  std::string UnixName() const;

  union {
    sockaddr generic;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  } address_;
  socklen_t size_;
};

}  // namespace lev

#endif  // LEV_NET_ADDRESS_H_
