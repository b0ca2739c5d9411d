// Names and their addresses, as a table: what a hosts file says, or all the
// names there are in a network in memory.

#ifndef LEV_NET_HOST_TABLE_H_
#define LEV_NET_HOST_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "lev/net/address.h"
#include "lev/net/lookup.h"

namespace lev {

class HostTable {
 public:
  // One more address for `name`, whatever its case.
  void Add(absl::string_view name, const Address& address);
  // It has none any more.
  void Remove(absl::string_view name);
  void Clear() { names_.clear(); }

  // Answers `lookup` if there is an address for `name` of a family that is
  // asked for; then that decides for the other family as well.
  bool Ask(absl::string_view name, uint16_t port, Lookup& lookup) const;

  // The same, but there is nobody else to be asked.
  void Answer(absl::string_view name, uint16_t port, Lookup& lookup) const;

 private:
  // In lower case, with their addresses in digits.
  absl::flat_hash_map<std::string, std::vector<std::string>> names_;
};

}  // namespace lev

#endif  // LEV_NET_HOST_TABLE_H_
