#include "lev/net/host_table.h"

#include <sys/socket.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "lev/net/error.h"

namespace lev {
namespace {

std::string KeyOf(absl::string_view name) {
  return absl::AsciiStrToLower(absl::StripSuffix(name, "."));
}

}  // namespace

void HostTable::Add(absl::string_view name, const Address& address) {
  names_[KeyOf(name)].push_back(address.host());
}

void HostTable::Remove(absl::string_view name) { names_.erase(KeyOf(name)); }

bool HostTable::Ask(absl::string_view name, uint16_t port,
                    Lookup& lookup) const {
  const auto found = names_.find(KeyOf(name));
  if (found == names_.end()) return false;
  std::vector<Address> v6;
  std::vector<Address> v4;
  for (const std::string& host : found->second) {
    const Address address = *Address::Parse(host, port);
    (address.family() == AF_INET6 ? v6 : v4).push_back(address);
  }
  const bool known = (lookup.asks(AF_INET6) && !v6.empty()) ||
                     (lookup.asks(AF_INET) && !v4.empty());
  if (!known) return false;
  lookup.Answer(AF_INET6, SomeAddresses(std::move(v6), name));
  lookup.Answer(AF_INET, SomeAddresses(std::move(v4), name));
  return true;
}

void HostTable::Answer(absl::string_view name, uint16_t port,
                       Lookup& lookup) const {
  if (Ask(name, port, lookup)) return;
  lookup.Fail(names_.contains(KeyOf(name)) ? NoAddressError(name)
                                           : NameNotFoundError(name));
}

}  // namespace lev
