// A network interface: its name, its number and its addresses.

#ifndef LEV_NET_NET_INTERFACE_H_
#define LEV_NET_NET_INTERFACE_H_

#include <string>
#include <vector>

#include "lev/net/address.h"

namespace lev {

struct NetInterface {
  std::string name;
  unsigned index = 0;
  std::vector<Address> addresses = {};
};

// Those of the machine, as getifaddrs has them: 0, or -1 and errno.
int KernelInterfaces(std::vector<NetInterface>& interfaces);

}  // namespace lev

#endif  // LEV_NET_NET_INTERFACE_H_
