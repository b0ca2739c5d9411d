// Who is called what on a host: addresses, ports, names in the UNIX domain.

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "lev/testing/memory_address.h"
#include "lev/testing/memory_datagram_socket.h"
#include "lev/testing/memory_groups.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"

namespace lev {
namespace {

constexpr uint16_t kFirstFreePort = 49152;

// Whether a socket with this name hears what is sent to `to`.
bool Covers(const Address& name, const Address& to) {
  return SameHost(name, to) || (name.family() == to.family() && IsAny(name));
}

// The same if it is the name of this socket, which may be of both families.
bool Covers(const MemorySocket& socket, const Address& name,
            const Address& to) {
  if (Covers(name, to)) return true;
  if (socket.family() != AF_INET6 || to.family() != AF_INET) return false;
  return !socket.HasSwitch(IPPROTO_IPV6, IPV6_V6ONLY) && IsAny(name);
}

// Whether two sockets may have one port: both must have asked for it, and of
// two listeners each gets some of the connections.
bool MayShare(const MemorySocket& one, const MemorySocket& other) {
  const auto both = [&](int option) {
    return one.HasSwitch(SOL_SOCKET, option) &&
           other.HasSwitch(SOL_SOCKET, option);
  };
  if (both(SO_REUSEPORT)) return true;
  const bool listen = one.listens() || other.listens();
  return both(SO_REUSEADDR) && !listen;
}

}  // namespace

bool MemoryHost::HearsFor(const MemorySocket& socket, const Address& to) {
  return Covers(socket, socket.local(), to);
}

bool MemoryHost::HasAddress(const Address& address) const {
  if (IsAny(address) || IsLoopback(address)) return true;
  for (const Address& own : addresses_) {
    if (SameHost(own, address)) return true;
  }
  return false;
}

bool MemoryHost::IsTaken(const MemorySocket& socket, const Address& address,
                         bool may_share) const {
  const auto found = ports_.find({socket.type(), address.port()});
  if (found == ports_.end()) return false;
  for (const MemorySocket* other : found->second) {
    const Address& name = other->local();
    const bool meet =
        Covers(*other, name, address) || Covers(socket, address, name);
    if (other == &socket || !meet) continue;
    if (!may_share || !MayShare(socket, *other)) return true;
  }
  return false;
}

uint16_t MemoryHost::FreePort(const MemorySocket& socket,
                              const Address& address) {
  for (int tries = 0; tries <= UINT16_MAX - kFirstFreePort; ++tries) {
    last_port_ = last_port_ == UINT16_MAX ? kFirstFreePort : last_port_ + 1;
    if (!IsTaken(socket, WithPort(address, last_port_), false)) {
      return last_port_;
    }
  }
  return 0;
}

int MemoryHost::Bind(MemorySocket& socket, const Address& address) {
  if (socket.bound()) return -EINVAL;
  if (address.family() != socket.family()) return -EAFNOSUPPORT;
  if (address.is_unix()) return BindUnix(socket, address);
  const bool for_many = socket.type() == SOCK_DGRAM && IsForMany(address);
  if (!HasAddress(address) && !for_many) return -EADDRNOTAVAIL;
  Address name = address;
  if (name.port() == 0) {
    const uint16_t port = FreePort(socket, address);
    if (port == 0) return -EADDRINUSE;
    name = WithPort(address, port);
  } else if (IsTaken(socket, address, true)) {
    return -EADDRINUSE;
  }
  socket.Name(name);
  ports_[{socket.type(), name.port()}].push_back(&socket);
  return 0;
}

int MemoryHost::BindUnix(MemorySocket& socket, const Address& address) {
  const bool fresh = unix_names_.emplace(address.host(), &socket).second;
  if (!fresh) return -EADDRINUSE;
  socket.Name(address);
  return 0;
}

int MemoryHost::PrepareToSend(MemorySocket& socket, Address& to,
                              Address& from) {
  to = Unmapped(to);
  if (IsAny(to)) to = WithPort(LoopbackAddress(to.family()), to.port());
  if (network_.HostOf(*this, to) == nullptr) return -ENETUNREACH;
  if (!socket.bound()) {
    const int named = Bind(socket, AnyAddress(socket.family()));
    if (named != 0) return named;
  }
  from = SourceFor(socket, to);
  return 0;
}

Address MemoryHost::SourceFor(const MemorySocket& socket,
                              const Address& to) const {
  const Address name = Unmapped(socket.local());
  if (!IsAny(name)) return name;
  if (IsLoopback(to)) return WithPort(to, name.port());
  for (const Address& own : addresses_) {
    if (own.family() == to.family()) return WithPort(own, name.port());
  }
  return name;
}

// Of those who share the port the one that fits best, and was bound last;
// where SO_REUSEPORT was asked for, each gets some.
MemorySocket* MemoryHost::Find(int type, const Address& to,
                               const Address& from) const {
  const auto found = ports_.find({type, to.port()});
  if (found == ports_.end()) return nullptr;
  std::vector<MemorySocket*> best;
  int most = 0;
  for (MemorySocket* socket : found->second) {
    if (!HearsFor(*socket, to)) continue;
    const bool takes =
        type == SOCK_STREAM
            ? socket->listens()
            : static_cast<MemoryDatagramSocket*>(socket)->Hears(from);
    if (!takes) continue;
    Address peer;
    const int fits =
        (IsAny(socket->local()) ? 1 : 3) + (socket->connected(peer) ? 1 : 0);
    if (fits > most) best.clear();
    if (fits >= most) best.push_back(socket);
    most = std::max(most, fits);
  }
  if (best.empty()) return nullptr;
  const bool spread = best.back()->HasSwitch(SOL_SOCKET, SO_REUSEPORT);
  return spread ? best[from.port() % best.size()] : best.back();
}

MemorySocket* MemoryHost::FindUnix(const std::string& name) const {
  const auto found = unix_names_.find(name);
  return found == unix_names_.end() ? nullptr : found->second;
}

void MemoryHost::Forget(MemorySocket& socket) {
  if (!socket.bound()) return;
  if (socket.family() == AF_UNIX) {
    const auto found = unix_names_.find(socket.local().host());
    if (found != unix_names_.end() && found->second == &socket) {
      unix_names_.erase(found);
    }
    return;
  }
  const auto found = ports_.find({socket.type(), socket.local().port()});
  if (found == ports_.end()) return;
  auto& users = found->second;
  users.erase(std::remove(users.begin(), users.end(), &socket), users.end());
  if (users.empty()) ports_.erase(found);
}

}  // namespace lev
