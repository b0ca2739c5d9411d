// What may stand where a host is expected: an address in digits, "localhost",
// or a name that can be looked up.
//
// Pure functions: they ask nobody.

#ifndef LEV_NET_HOST_NAME_H_
#define LEV_NET_HOST_NAME_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/net/address.h"

namespace lev {

// The longest name that DNS has (RFC 1035), without a dot at its end.
constexpr size_t kMaxHostNameSize = 253;

// Address::Parse, which also takes an IPv6 address in brackets, as a URL has
// it.
absl::StatusOr<Address> ParseHostAddress(absl::string_view host, uint16_t port);

// OK if `host` can be the name of a host. What looks like a mistyped address
// ("256.1.1.1", "1.2.3") cannot: no top-level domain is made of digits.
// Error: InvalidArgument, which quotes what was given.
absl::Status CheckHostName(absl::string_view host);

// OK if `server` is an address, with a port or without: "192.0.2.1",
// "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353".
absl::Status CheckNameServer(absl::string_view server);

// "localhost", or below it: this machine, whatever a name server may say (RFC
// 6761).
bool IsLocalhost(absl::string_view host);

}  // namespace lev

#endif  // LEV_NET_HOST_NAME_H_
