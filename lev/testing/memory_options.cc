#include "lev/testing/memory_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "lev/testing/memory_datagram_socket.h"
#include "lev/testing/memory_groups.h"
#include "lev/testing/memory_stream_socket.h"

namespace lev {
namespace {

constexpr int kMostHops = 255;

// Of an option that nobody has set.
int DefaultOf(int level, int option, int type) {
  constexpr int kHops = 64;
  if (level == IPPROTO_IP) {
    if (option == IP_TTL) return kHops;
    return option == IP_MULTICAST_TTL || option == IP_MULTICAST_LOOP ? 1 : 0;
  }
  if (level == IPPROTO_IPV6) {
    if (option == IPV6_UNICAST_HOPS) return kHops;
    return option == IPV6_MULTICAST_HOPS || option == IPV6_MULTICAST_LOOP ? 1
                                                                          : 0;
  }
  const bool is_buffer = option == SO_SNDBUF || option == SO_RCVBUF;
  if (level != SOL_SOCKET || !is_buffer) return 0;
  return type == SOCK_STREAM ? MemoryStreamSocket::kBuffer
                             : MemoryDatagramSocket::kBuffer;
}

// Whether a socket of this kind has options of that level.
int CheckLevel(const MemorySocket& socket, int level) {
  if (level == SOL_SOCKET) return 0;
  if (socket.family() == AF_UNIX) return -EOPNOTSUPP;
  if (level == IPPROTO_TCP && socket.type() != SOCK_STREAM) {
    return -ENOPROTOOPT;
  }
  const bool foreign = level == IPPROTO_IPV6 && socket.family() != AF_INET6;
  return foreign ? -ENOPROTOOPT : 0;
}

// -1 stands for the default.
int CheckValue(int level, int option, int value) {
  const bool may_be_zero =
      (level == IPPROTO_IP && option == IP_MULTICAST_TTL) ||
      (level == IPPROTO_IPV6 &&
       (option == IPV6_MULTICAST_HOPS || option == IPV6_UNICAST_HOPS));
  const bool counts_hops =
      may_be_zero || (level == IPPROTO_IP && option == IP_TTL);
  if (!counts_hops) return 0;
  const bool fits = value == -1 || (value >= 0 && value <= kMostHops);
  return fits && (value != 0 || may_be_zero) ? 0 : -EINVAL;
}

// What the socket itself knows.
bool OwnNumber(MemorySocket& socket, int option, int& number) {
  switch (option) {
    case SO_ERROR:
      number = socket.TakeError();
      return true;
    case SO_TYPE:
      number = socket.type();
      return true;
    case SO_DOMAIN:
      number = socket.family();
      return true;
    case SO_ACCEPTCONN:
      number = socket.listens() ? 1 : 0;
      return true;
    default:
      return false;
  }
}

// Of the UNIX domain: all programs of a test are one process.
ucred PeerOf(const MemorySocket& socket) {
  Address peer;
  if (socket.family() == AF_UNIX && socket.connected(peer)) {
    return {getpid(), getuid(), getgid()};
  }
  return {0, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
}

}  // namespace

int GetMemoryOption(MemorySocket& socket, int level, int option, void* value,
                    socklen_t* size) {
  const int wrong = CheckLevel(socket, level);
  if (wrong != 0) return wrong;
  const auto answer = [&](const void* data, size_t length) {
    std::memset(value, 0, *size);
    std::memcpy(value, data, std::min<size_t>(length, *size));
    return 0;
  };
  int number = 0;
  if (level == SOL_SOCKET && OwnNumber(socket, option, number)) {
    return answer(&number, sizeof(number));
  }
  if (level == SOL_SOCKET && option == SO_PEERCRED) {
    const ucred peer = PeerOf(socket);
    return answer(&peer, sizeof(peer));
  }
  const auto found = socket.options.find({level, option});
  if (found == socket.options.end()) {
    number = DefaultOf(level, option, socket.type());
    return answer(&number, sizeof(number));
  }
  const std::string& data = found->second;
  if (level == IPPROTO_IP && option == IP_MULTICAST_IF) {
    constexpr size_t kAddress = offsetof(ip_mreqn, imr_address);
    return answer(data.data() + kAddress, sizeof(in_addr));
  }
  return answer(data.data(), data.size());
}

int SetMemoryOption(MemorySocket& socket, int level, int option,
                    const void* value, socklen_t size) {
  int wrong = CheckLevel(socket, level);
  if (wrong != 0) return wrong;
  if (IsGroupOption(level, option)) {
    return SetGroupOption(socket, level, option, value, size);
  }
  int number = 0;
  std::memcpy(&number, value, std::min<size_t>(size, sizeof(number)));
  wrong = CheckValue(level, option, number);
  if (wrong != 0) return wrong;
  socket.options[{level, option}] =
      std::string(static_cast<const char*>(value), size);
  return 0;
}

bool HasLinger0(const MemorySocket& socket) {
  const auto found = socket.options.find({SOL_SOCKET, SO_LINGER});
  linger value = {};
  if (found == socket.options.end()) return false;
  std::memcpy(&value, found->second.data(),
              std::min(sizeof(value), found->second.size()));
  return value.l_onoff != 0 && value.l_linger == 0;
}

}  // namespace lev
