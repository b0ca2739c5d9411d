#include "lev/net/ares_answer.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "lev/net/error.h"

namespace lev {

absl::Status AresError(int status, const std::string& name) {
  switch (status) {
    case ARES_ENOTFOUND:
      return NameNotFoundError(name);
    case ARES_ENODATA:
      return NoAddressError(name);
    case ARES_ETIMEOUT:
      return LookupError("name server did not answer");
    // c-ares tells them apart, or not, as its version is.
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
    case ARES_EBADRESP:
    case ARES_EFORMERR:
    case ARES_ENOTIMP:
      return LookupError("name server failed");
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return absl::CancelledError("cancelled");
    case ARES_ENOMEM:
      return ErrnoError(ENOMEM);
    default:
      return LookupError(ares_strerror(status));
  }
}

std::vector<Address> AresAddresses(const ares_addrinfo& found, int family,
                                   uint16_t port) {
  std::vector<Address> addresses;
  const ares_addrinfo_node* node = found.nodes;
  for (; node != nullptr; node = node->ai_next) {
    if (node->ai_family != family) continue;
    sockaddr_storage storage = {};
    std::copy_n(reinterpret_cast<const char*>(node->ai_addr), node->ai_addrlen,
                reinterpret_cast<char*>(&storage));
    // c-ares has no port 0.
    if (family == AF_INET6) {
      reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(port);
    } else {
      reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
    }
    addresses.push_back(Address::FromKernel(storage, node->ai_addrlen));
  }
  return addresses;
}

}  // namespace lev
