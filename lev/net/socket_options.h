// The options of sockets: their names, how their values are spoken, and the
// system calls behind them.
//
// One table, for sockets of every kind: the kernel knows which of them an
// option applies to, and says so. What means the same for IPv4 and for IPv6
// has one name.

#ifndef LEV_NET_SOCKET_OPTIONS_H_
#define LEV_NET_SOCKET_OPTIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/net/socket_calls.h"

namespace lev {

struct OptionValue {
  int64_t number = 0;
  std::string text;  // kInterface alone.
};

struct SocketOption {
  enum class Kind : uint8_t {
    kSwitch,     // 0 or 1.
    kInteger,    // Not negative.
    kSeconds,    // In nanoseconds, rounded up to what the kernel counts in.
    kLinger,     // The same, or -1: off. While it closes such a socket the
                 // kernel stands still, and the loop with it; 0 resets.
    kInterface,  // Text: one of its addresses, its name, or its number.
  };

  // As the kernel knows it.
  struct Id {
    int level = 0;
    int option = 0;
  };

  absl::string_view name;
  Kind kind;
  Id id;
  Id ipv6 = {};      // What it is for IPv6, if that is something else.
  int64_t unit = 1;  // kSeconds: nanoseconds in what the kernel counts.
};

// Null if there is no such option.
const SocketOption* FindSocketOption(absl::string_view name);

absl::Status SetSocketOption(FdRef fd, const SocketOption& option,
                             const OptionValue& value);

// Of a kInterface: for IPv4 an address of it ("0.0.0.0": left to the kernel),
// for IPv6 its name (empty: left to the kernel).
absl::StatusOr<OptionValue> GetSocketOption(FdRef fd,
                                            const SocketOption& option);

// The plain system call.
absl::Status SetRawOption(FdRef fd, int level, int option, int value);

// AF_INET, AF_INET6, AF_UNIX.
absl::StatusOr<int> SocketFamily(FdRef fd);

}  // namespace lev

#endif  // LEV_NET_SOCKET_OPTIONS_H_
