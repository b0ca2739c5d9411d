// How a datagram goes to many: multicast and broadcast.

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

#include "lev/testing/memory_address.h"
#include "lev/testing/memory_datagram_socket.h"
#include "lev/testing/memory_groups.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"

namespace lev {

int MemoryDatagramSocket::PrepareForMany(Address& to, Address& from,
                                         unsigned& interface) {
  MemoryRoute route;
  const int routed = RouteToMany(*this, to, route);
  if (routed != 0) return routed;
  if (!bound()) {
    const int named = host().Bind(*this, AnyAddress(family()));
    if (named != 0) return named;
  }
  from = WithPort(route.from, local().port());
  interface = route.interface;
  return 0;
}

// To each host that listens, by its own link; to this one, too, unless that is
// not wanted. As over a wire without routers: one hop reaches all.
int MemoryDatagramSocket::SendToMany(Packet packet) {
  const int routed = PrepareForMany(packet.to, packet.from, packet.interface);
  if (routed != 0) return routed;
  const bool is_v6 = packet.to.family() == AF_INET6;
  const int level = is_v6 ? IPPROTO_IPV6 : IPPROTO_IP;
  const bool multicast = IsMulticast(packet.to);
  const bool stays_here = packet.interface == kMemoryLoopback;
  const bool leaves =
      !stays_here &&
      (!multicast ||
       Option(level, is_v6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, 1) != 0);
  const bool returns =
      stays_here || !multicast ||
      Option(level, is_v6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, 1) != 0;
  for (const auto& other : network().hosts()) {
    if (other.get() == &host() ? !returns : !leaves) continue;
    if (!HearsGroup(*other, packet.to, packet.interface)) continue;
    network().Send(host(), *other, packet);
  }
  return 0;
}

// All who are bound to the port, and to no other address, as the kernel has
// it: that somebody on the host has joined is enough.
void MemoryHost::ArriveForMany(const Packet& packet) {
  if (!HearsGroup(*this, packet.to, packet.interface)) return;
  const auto found = ports_.find({SOCK_DGRAM, packet.to.port()});
  if (found == ports_.end()) return;
  for (MemorySocket* socket : found->second) {
    if (!HearsFor(*socket, packet.to)) continue;
    if (!static_cast<MemoryDatagramSocket*>(socket)->Hears(packet.from)) {
      continue;
    }
    socket->Arrive(packet);
  }
}

}  // namespace lev
