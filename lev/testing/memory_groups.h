// Who hears what is sent to many: multicast groups, and the interfaces by which
// they are joined.
//
// Each host of a network in memory has two interfaces: "lo", and "eth0", which
// has the addresses of the host. All hosts are on one wire, so nothing stands
// between a group's members but the links.

#ifndef LEV_TESTING_MEMORY_GROUPS_H_
#define LEV_TESTING_MEMORY_GROUPS_H_

#include <sys/socket.h>

#include <vector>

#include "lev/net/address.h"
#include "lev/net/net_interface.h"

namespace lev {

class MemoryHost;
class MemorySocket;

// Their numbers.
constexpr unsigned kMemoryLoopback = 1;
constexpr unsigned kMemoryEthernet = 2;

std::vector<NetInterface> InterfacesOf(const MemoryHost& host);

// What a socket has joined.
struct MemoryGroup {
  Address address;
  unsigned interface = 0;
};

// Multicast or broadcast: 255.255.255.255, and 127.255.255.255.
bool IsForMany(const Address& address);
bool IsMulticast(const Address& address);

// Whether it is one of these options: to join, to leave, the interface to send
// by.
bool IsGroupOption(int level, int option);
// setsockopt of such: 0, or a negative errno.
int SetGroupOption(MemorySocket& socket, int level, int option,
                   const void* value, socklen_t size);

// How a socket sends to many.
struct MemoryRoute {
  unsigned interface = 0;
  Address from;  // Without a port.
};

// 0, or a negative errno: the way from the socket to `to`, which is for many.
int RouteToMany(const MemorySocket& socket, const Address& to,
                MemoryRoute& route);

// Whether anybody on the host has joined the group by that interface; all have
// joined that of all.
bool HearsGroup(MemoryHost& host, const Address& group, unsigned interface);

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_GROUPS_H_
