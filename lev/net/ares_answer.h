// What c-ares answers, in lev's terms.

#ifndef LEV_NET_ARES_ANSWER_H_
#define LEV_NET_ARES_ANSWER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lev/net/address.h"

struct ares_addrinfo;

namespace lev {

// Why `name` has no addresses; `status` is not ARES_SUCCESS.
absl::Status AresError(int status, const std::string& name);

// The addresses of `family` in what was found, with `port`.
std::vector<Address> AresAddresses(const ares_addrinfo& found, int family,
                                   uint16_t port);

}  // namespace lev

#endif  // LEV_NET_ARES_ANSWER_H_
