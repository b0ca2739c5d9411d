#include "lev/net/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <limits>

#include "lev/loop/clock.h"
#include "lev/net/error.h"
#include "lev/net/multicast.h"

namespace lev {
namespace {

using Kind = SocketOption::Kind;

constexpr SocketOption kOptions[] = {
    {"reuseaddr", Kind::kSwitch, {SOL_SOCKET, SO_REUSEADDR}},
    {"reuseport", Kind::kSwitch, {SOL_SOCKET, SO_REUSEPORT}},
    {"rcvbuf", Kind::kInteger, {SOL_SOCKET, SO_RCVBUF}},
    {"sndbuf", Kind::kInteger, {SOL_SOCKET, SO_SNDBUF}},
    {"rcvlowat", Kind::kInteger, {SOL_SOCKET, SO_RCVLOWAT}},
    {"priority", Kind::kInteger, {SOL_SOCKET, SO_PRIORITY}},
    {"mark", Kind::kInteger, {SOL_SOCKET, SO_MARK}},
    {"linger", Kind::kLinger, {SOL_SOCKET, SO_LINGER}},
    {"broadcast", Kind::kSwitch, {SOL_SOCKET, SO_BROADCAST}},
    {"keepalive", Kind::kSwitch, {SOL_SOCKET, SO_KEEPALIVE}},
    {"keepalive_idle",
     Kind::kSeconds,
     {IPPROTO_TCP, TCP_KEEPIDLE},
     {},
     kSecond},
    {"keepalive_interval",
     Kind::kSeconds,
     {IPPROTO_TCP, TCP_KEEPINTVL},
     {},
     kSecond},
    {"keepalive_count", Kind::kInteger, {IPPROTO_TCP, TCP_KEEPCNT}},
    {"user_timeout",
     Kind::kSeconds,
     {IPPROTO_TCP, TCP_USER_TIMEOUT},
     {},
     kMillisecond},
    {"nodelay", Kind::kSwitch, {IPPROTO_TCP, TCP_NODELAY}},
    {"fastopen", Kind::kInteger, {IPPROTO_TCP, TCP_FASTOPEN}},
    {"fastopen_connect", Kind::kSwitch, {IPPROTO_TCP, TCP_FASTOPEN_CONNECT}},
    {"ttl",
     Kind::kInteger,
     {IPPROTO_IP, IP_TTL},
     {IPPROTO_IPV6, IPV6_UNICAST_HOPS}},
    {"tos", Kind::kInteger, {IPPROTO_IP, IP_TOS}, {IPPROTO_IPV6, IPV6_TCLASS}},
    {"v6only", Kind::kSwitch, {IPPROTO_IPV6, IPV6_V6ONLY}},
    {"multicast_ttl",
     Kind::kInteger,
     {IPPROTO_IP, IP_MULTICAST_TTL},
     {IPPROTO_IPV6, IPV6_MULTICAST_HOPS}},
    {"multicast_loop",
     Kind::kSwitch,
     {IPPROTO_IP, IP_MULTICAST_LOOP},
     {IPPROTO_IPV6, IPV6_MULTICAST_LOOP}},
    {"multicast_if", Kind::kInterface, {IPPROTO_IP, IP_MULTICAST_IF}},
};

constexpr int64_t kMost = std::numeric_limits<int>::max();

// How many units contain it.
int64_t RoundUp(int64_t number, int64_t unit) {
  return number <= 0 ? number : (number - 1) / unit + 1;
}

// What the option is for this socket.
SocketOption::Id IdFor(FdRef fd, const SocketOption& option) {
  if (option.ipv6.option == 0) return option.id;
  return SocketFamily(fd).value_or(AF_INET) == AF_INET6 ? option.ipv6
                                                        : option.id;
}

absl::Status Set(FdRef fd, SocketOption::Id id, const void* data, size_t size) {
  return fd.calls().SetOption(fd.get(), id.level, id.option, data,
                              static_cast<socklen_t>(size)) == 0
             ? absl::OkStatus()
             : ErrnoError(errno);
}

template <typename T>
absl::Status Get(FdRef fd, SocketOption::Id id, T& data) {
  socklen_t size = sizeof(data);
  return fd.calls().GetOption(fd.get(), id.level, id.option, &data, &size) == 0
             ? absl::OkStatus()
             : ErrnoError(errno);
}

absl::Status SetLinger(FdRef fd, SocketOption::Id id, int64_t value) {
  const int64_t seconds = RoundUp(value, kSecond);
  if (seconds > kMost) return ErrnoError(EINVAL);
  linger data = {};
  data.l_onoff = value >= 0;
  data.l_linger = value >= 0 ? static_cast<int>(seconds) : 0;
  return Set(fd, id, &data, sizeof(data));
}

absl::StatusOr<OptionValue> GetLinger(FdRef fd, SocketOption::Id id) {
  linger data = {};
  const absl::Status got = Get(fd, id, data);
  if (!got.ok()) return got;
  return OptionValue{data.l_onoff != 0 ? data.l_linger * kSecond : -1, {}};
}

}  // namespace

const SocketOption* FindSocketOption(absl::string_view name) {
  for (const SocketOption& option : kOptions) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

absl::Status SetSocketOption(FdRef fd, const SocketOption& option,
                             const OptionValue& value) {
  if (option.kind == Kind::kInterface) {
    return SetMulticastInterface(fd, value.text);
  }
  if (option.kind == Kind::kLinger) {
    return SetLinger(fd, option.id, value.number);
  }
  // Up to the next whole unit.
  const int64_t number =
      value.number <= 0 ? value.number : (value.number - 1) / option.unit + 1;
  if (number < 0 || number > std::numeric_limits<int>::max()) {
    return ErrnoError(EINVAL);
  }
  const SocketOption::Id id = IdFor(fd, option);
  return SetRawOption(fd, id.level, id.option, static_cast<int>(number));
}

absl::StatusOr<OptionValue> GetSocketOption(FdRef fd,
                                            const SocketOption& option) {
  if (option.kind == Kind::kInterface) {
    absl::StatusOr<std::string> text = GetMulticastInterface(fd);
    if (!text.ok()) return text.status();
    return OptionValue{0, *std::move(text)};
  }
  if (option.kind == Kind::kLinger) return GetLinger(fd, option.id);
  int number = 0;
  const absl::Status got = Get(fd, IdFor(fd, option), number);
  if (!got.ok()) return got;
  return OptionValue{number * option.unit, {}};
}

absl::Status SetRawOption(FdRef fd, int level, int option, int value) {
  return Set(fd, {level, option}, &value, sizeof(value));
}

absl::StatusOr<int> SocketFamily(FdRef fd) {
  int family = 0;
  const absl::Status got = Get(fd, {SOL_SOCKET, SO_DOMAIN}, family);
  if (!got.ok()) return got;
  return family;
}

}  // namespace lev
