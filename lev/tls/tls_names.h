// Host names as TLS knows them: which are valid, and which entry of a server's
// list a client asks for.
//
// Case does not matter, nor does a dot at the end of what is asked for. An
// exact name wins over a wildcard, "*.example.org", which stands for exactly
// one label.

#ifndef LEV_TLS_TLS_NAMES_H_
#define LEV_TLS_TLS_NAMES_H_

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace lev {

// Labels of letters, digits, '-' and '_', at most 63 each and 253 together.
bool IsHostName(absl::string_view name);

// "192.0.2.1" or "2001:db8::1".
bool IsIpAddress(absl::string_view name);

// `name` without one dot at its end.
absl::string_view WithoutFinalDot(absl::string_view name);

class TlsNames {
 public:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  // `name` leads to `index`. False, and nothing is added, if it is neither a
  // host name nor a wildcard, or is there already.
  bool Add(absl::string_view name, size_t index);

  // The index of what `name` leads to, or kNone.
  size_t Find(absl::string_view name) const;

 private:
  absl::flat_hash_map<std::string, size_t> entries_;  // In lower case.
};

}  // namespace lev

#endif  // LEV_TLS_TLS_NAMES_H_
