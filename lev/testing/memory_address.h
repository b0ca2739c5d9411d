// What a network in memory asks of addresses.

#ifndef LEV_TESTING_MEMORY_ADDRESS_H_
#define LEV_TESTING_MEMORY_ADDRESS_H_

#include <cstdint>

#include "lev/net/address.h"

namespace lev {

// The same host and port, or name.
bool SameAddress(const Address& one, const Address& other);
// The same, whatever their ports are.
bool SameHost(const Address& one, const Address& other);

// 0.0.0.0 and ::, 127.0.0.1 and ::1, port 0; of the UNIX domain: no name.
Address AnyAddress(int family);
Address LoopbackAddress(int family);

bool IsAny(const Address& address);
// 127.0.0.0/8 and ::1.
bool IsLoopback(const Address& address);

// As an IPv6 socket sees an IPv4 address (::ffff:192.0.2.1), and back; others
// stay as they are.
Address Mapped(const Address& address);
Address Unmapped(const Address& address);

Address WithPort(const Address& address, uint16_t port);

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_ADDRESS_H_
