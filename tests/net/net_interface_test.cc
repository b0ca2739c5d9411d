#include "lev/net/net_interface.h"

#include <net/if.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lev/net/address.h"
#include "lev/net/socket_calls.h"

namespace lev {
namespace {

TEST(NetInterfaceTest, TheLoopbackInterfaceIsAmongThem) {
  std::vector<NetInterface> interfaces;
  ASSERT_EQ(KernelSockets().Interfaces(interfaces), 0);
  std::string found;
  for (const NetInterface& one : interfaces) {
    if (one.index != if_nametoindex("lo")) continue;
    EXPECT_EQ(one.name, "lo");
    for (const Address& address : one.addresses) {
      found += address.host() + " ";
    }
  }
  EXPECT_NE(found.find("127.0.0.1 "), std::string::npos);
}

TEST(NetInterfaceTest, EachIsThereOnce) {
  std::vector<NetInterface> interfaces;
  ASSERT_EQ(KernelInterfaces(interfaces), 0);
  for (size_t i = 0; i < interfaces.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      EXPECT_NE(interfaces[i].index, interfaces[j].index);
    }
  }
}

}  // namespace
}  // namespace lev
