#include "lev/testing/memory_options.h"

#include <errno.h>
#include <sys/socket.h>

#include <string>

#include "gtest/gtest.h"
#include "lev/net/datagram.h"
#include "lev/net/socket_options.h"
#include "lev/net/tcp_socket.h"
#include "lev/net/unix_socket.h"
#include "tests/testing/memory_world.h"

namespace lev {
namespace {

class MemoryOptionsTest : public testing::Test, protected MemoryWorld {
 protected:
  static std::string Set(FdRef fd, const char* option, int value) {
    return std::string(
        SetSocketOption(fd, *FindSocketOption(option), {value, ""}).message());
  }
  static int64_t Get(FdRef fd, const char* option) {
    return GetSocketOption(fd, *FindSocketOption(option))->number;
  }
};

TEST_F(MemoryOptionsTest, DefaultsAreTheKernels) {
  for (const int family : {AF_INET, AF_INET6}) {
    const auto fd = OpenUdpSocket(family, a);
    EXPECT_EQ(Get(fd->ref(), "ttl"), 64);
    EXPECT_EQ(Get(fd->ref(), "multicast_ttl"), 1);
    EXPECT_EQ(Get(fd->ref(), "multicast_loop"), 1);
    EXPECT_EQ(Get(fd->ref(), "broadcast"), 0);
  }
}

TEST_F(MemoryOptionsTest, ValuesOutOfRangeAreErrors) {
  const auto fd = OpenUdpSocket(AF_INET, a);
  EXPECT_EQ(Set(fd->ref(), "ttl", 0), "Invalid argument");
  EXPECT_EQ(Set(fd->ref(), "ttl", 256), "Invalid argument");
  EXPECT_EQ(Set(fd->ref(), "multicast_ttl", 0), "");
  EXPECT_EQ(Set(fd->ref(), "multicast_ttl", 256), "Invalid argument");
}

TEST_F(MemoryOptionsTest, EachKindHasItsOwn) {
  const auto udp = OpenUdpSocket(AF_INET, a);
  EXPECT_EQ(Set(udp->ref(), "nodelay", 1), "Protocol not available");
  EXPECT_EQ(Set(udp->ref(), "v6only", 1), "Protocol not available");
  const auto local = OpenUnixSocket(SOCK_STREAM, a);
  EXPECT_EQ(Set(local->ref(), "nodelay", 1), "Operation not supported");
  EXPECT_EQ(Set(local->ref(), "sndbuf", 10000), "");
}

TEST_F(MemoryOptionsTest, OnlyTheUnixDomainKnowsItsPeer) {
  const auto tcp = OpenTcpSocket(AF_INET, a);
  EXPECT_EQ(GetPeerCredentials(tcp->ref())->pid, 0);
}

TEST_F(MemoryOptionsTest, LingeringForNoTimeResets) {
  const OwnedFd listener = Listen(80);
  OwnedFd client = Dial();
  const OwnedFd server = Accept(listener);
  EXPECT_EQ(Set(client.ref(), "linger", 0), "");
  client.Close();
  EXPECT_EQ(Recv(server), kReset);
}

}  // namespace
}  // namespace lev
