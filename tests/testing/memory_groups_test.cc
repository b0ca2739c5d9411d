// Tests lev/testing/memory_datagram_many.cc, too.

#include "lev/testing/memory_groups.h"

#include <errno.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "lev/net/address.h"
#include "lev/net/datagram.h"
#include "lev/net/multicast.h"
#include "lev/net/owned_fd.h"
#include "lev/net/socket_options.h"
#include "lev/net/tcp_socket.h"
#include "lev/testing/memory_host.h"
#include "tests/testing/memory_world.h"

namespace lev {
namespace {

Address At(const char* host, uint16_t port = 0) {
  return *Address::Parse(host, port);
}

class MemoryGroupsTest : public testing::Test, protected MemoryWorld {
 protected:
  static constexpr char kGroup[] = "239.1.2.3";
  static constexpr char kGroup6[] = "ff02::1234";
  static constexpr char kBroadcast[] = "255.255.255.255";

  static OwnedFd Open(MemoryHost& host, const char* name, uint16_t port = 53) {
    const Address address = At(name, port);
    auto fd = OpenUdpSocket(address.family(), host);
    EXPECT_TRUE(Bind(fd->ref(), address).ok());
    return std::move(*fd);
  }
  OwnedFd Member(MemoryHost& host) {
    OwnedFd fd = Open(host, "0.0.0.0");
    EXPECT_EQ(JoinGroup(fd.ref(), At(kGroup), ""), absl::OkStatus());
    return fd;
  }
  static void Set(const OwnedFd& fd, const char* option, int value) {
    EXPECT_TRUE(
        SetSocketOption(fd.ref(), *FindSocketOption(option), {value, ""}).ok());
  }
  // "", or why it cannot be sent.
  static std::string SendTo(const OwnedFd& fd, const char* host,
                            std::string data = "hello") {
    absl::Status error;
    TrySendTo(fd.ref(), {.data = data, .peer = At(host, 53), .addressed = true},
              error);
    return std::string(error.message());
  }

  OwnedFd from_ = Open(a, "0.0.0.0", 1000);
};

TEST_F(MemoryGroupsTest, AllWhoHaveJoinedHearAndNobodyElse) {
  MemoryHost& c = network.AddHost("c");
  const OwnedFd here = Member(a);
  const OwnedFd there = Member(b);
  const OwnedFd stranger = Open(c, "0.0.0.0");
  EXPECT_EQ(SendTo(from_, kGroup), "");
  EXPECT_EQ(Recv(here), "hello");
  EXPECT_EQ(Recv(there), "hello");
  EXPECT_EQ(Recv(stranger), kAgain);
}

TEST_F(MemoryGroupsTest, TheSenderIsKnown) {
  const OwnedFd to = Member(b);
  SendTo(from_, kGroup);
  char room[10];
  Datagram got;
  absl::Status error;
  ASSERT_TRUE(TryRecvFrom(to.ref(), room, got, error).done());
  EXPECT_EQ(got.peer.ToString(), "10.0.0.1:1000");
}

TEST_F(MemoryGroupsTest, WhoHasLeftHearsNothing) {
  const OwnedFd to = Member(b);
  EXPECT_EQ(LeaveGroup(to.ref(), At(kGroup), ""), absl::OkStatus());
  SendTo(from_, kGroup);
  EXPECT_EQ(Recv(to), kAgain);
}

TEST_F(MemoryGroupsTest, EachReceiverHasALinkOfItsOwn) {
  MemoryHost& c = network.AddHost("c");
  network.SetLink(a, b, {.loss = 1});
  network.SetLink(a, c, {.latency = kSecond});
  const OwnedFd lost = Member(b);
  const OwnedFd late = Member(c);
  SendTo(from_, kGroup);
  EXPECT_EQ(Recv(late), kAgain);
  Pass(kSecond);
  EXPECT_EQ(Recv(late), "hello");
  EXPECT_EQ(Recv(lost), kAgain);
}

TEST_F(MemoryGroupsTest, ItComesBackToItsOwnHostOnlyIfWanted) {
  const OwnedFd here = Member(a);
  const OwnedFd there = Member(b);
  Set(from_, "multicast_loop", 0);
  SendTo(from_, kGroup);
  EXPECT_EQ(Recv(here), kAgain);
  EXPECT_EQ(Recv(there), "hello");
}

TEST_F(MemoryGroupsTest, WithoutAHopToLiveItStaysOnItsHost) {
  const OwnedFd here = Member(a);
  const OwnedFd there = Member(b);
  Set(from_, "multicast_ttl", 0);
  SendTo(from_, kGroup);
  EXPECT_EQ(Recv(here), "hello");
  EXPECT_EQ(Recv(there), kAgain);
}

TEST_F(MemoryGroupsTest, EachInterfaceHasItsOwnMembers) {
  const OwnedFd by_lo = Open(a, "0.0.0.0");
  ASSERT_TRUE(JoinGroup(by_lo.ref(), At(kGroup), "lo").ok());
  SendTo(from_, kGroup);
  EXPECT_EQ(Recv(by_lo), kAgain);
  ASSERT_TRUE(SetMulticastInterface(from_.ref(), "127.0.0.1").ok());
  EXPECT_EQ(*GetMulticastInterface(from_.ref()), "127.0.0.1");
  SendTo(from_, kGroup);
  EXPECT_EQ(Recv(by_lo), "hello");
}

TEST_F(MemoryGroupsTest, OneMemberMakesAllOfItsHostHear) {
  const OwnedFd joined = Open(b, "0.0.0.0", 54);
  ASSERT_TRUE(JoinGroup(joined.ref(), At(kGroup), "10.0.0.2").ok());
  const OwnedFd other = Open(b, "0.0.0.0");
  SendTo(from_, kGroup);
  EXPECT_EQ(Recv(other), "hello");
}

TEST_F(MemoryGroupsTest, WhoIsBoundToAnAddressHearsOnlyThat) {
  const OwnedFd bound = Open(b, "10.0.0.2");
  const OwnedFd group = Open(b, kGroup, 54);
  ASSERT_TRUE(JoinGroup(bound.ref(), At(kGroup), "").ok());
  SendTo(from_, kGroup);
  EXPECT_EQ(Recv(bound), kAgain);
  EXPECT_EQ(Recv(group), kAgain);
}

TEST_F(MemoryGroupsTest, SeveralMayShareAPortIfTheyAllSaySo) {
  OwnedFd shared[2];
  for (OwnedFd& fd : shared) {
    fd = std::move(OpenUdpSocket(AF_INET, b)).value();
    Set(fd, "reuseaddr", 1);
    ASSERT_TRUE(Bind(fd.ref(), At("0.0.0.0", 53)).ok());
    ASSERT_TRUE(JoinGroup(fd.ref(), At(kGroup), "").ok());
  }
  const auto late = OpenUdpSocket(AF_INET, b);
  EXPECT_EQ(Bind(late->ref(), At("0.0.0.0", 53)).message(),
            "Address already in use");
  SendTo(from_, kGroup);
  EXPECT_EQ(Recv(shared[0]), "hello");
  EXPECT_EQ(Recv(shared[1]), "hello");
  SendTo(from_, "10.0.0.2");
  EXPECT_EQ(Recv(shared[0]), kAgain);
  EXPECT_EQ(Recv(shared[1]), "hello");
}

TEST_F(MemoryGroupsTest, IPv6HasGroupsToo) {
  MemoryHost& c = network.AddHost("c", {At("fd00::3")});
  MemoryHost& d = network.AddHost("d", {At("fd00::4")});
  const OwnedFd to = Open(d, "::");
  ASSERT_EQ(JoinGroup(to.ref(), At(kGroup6), ""), absl::OkStatus());
  const OwnedFd from = Open(c, "::", 1000);
  EXPECT_EQ(SendTo(from, kGroup6), "");
  EXPECT_EQ(Recv(to), "hello");
  ASSERT_TRUE(SetMulticastInterface(from.ref(), "lo").ok());
  EXPECT_EQ(*GetMulticastInterface(from.ref()), "lo");
  SendTo(from, kGroup6);
  EXPECT_EQ(Recv(to), kAgain);
}

TEST_F(MemoryGroupsTest, WithoutAnAddressOfItsFamilyThereIsNoWay) {
  const OwnedFd from = Open(a, "::", 1001);
  EXPECT_EQ(SendTo(from, kGroup6), "Network is unreachable");
}

TEST_F(MemoryGroupsTest, AnIPv6SocketHearsGroupsOfIPv4) {
  const OwnedFd to = Open(b, "::");
  ASSERT_EQ(JoinGroup(to.ref(), At(kGroup), ""), absl::OkStatus());
  SendTo(from_, kGroup);
  EXPECT_EQ(Recv(to), "hello");
}

TEST_F(MemoryGroupsTest, ErrorsAreTheKernels) {
  const auto join = [&](const char* group, const char* interface) {
    return std::string(JoinGroup(from_.ref(), At(group), interface).message());
  };
  EXPECT_EQ(join("10.0.0.2", "lo"), "Invalid argument");
  EXPECT_EQ(join(kGroup, "eth1"), "No such device");
  EXPECT_EQ(join(kGroup, "eth0"), "");
  EXPECT_EQ(join(kGroup, "2"), "Address already in use");
  EXPECT_EQ(join(kGroup6, "lo"), "Protocol not available");
  EXPECT_EQ(LeaveGroup(from_.ref(), At(kGroup), "lo").message(),
            "Cannot assign requested address");
  for (int i = 0; i < 19; ++i) {
    EXPECT_EQ(join(("239.0.0." + std::to_string(i)).c_str(), "lo"), "");
  }
  EXPECT_EQ(join("239.0.1.1", "lo"), "No buffer space available");
  const auto tcp = OpenTcpSocket(AF_INET, a);
  EXPECT_EQ(JoinGroup(tcp->ref(), At(kGroup), "").message(), "Protocol error");
}

TEST_F(MemoryGroupsTest, BroadcastReachesAllWhoAreAtThePort) {
  const OwnedFd here = Open(a, "0.0.0.0");
  const OwnedFd there = Open(b, kBroadcast);
  EXPECT_EQ(SendTo(from_, kBroadcast), "Permission denied");
  Set(from_, "broadcast", 1);
  EXPECT_EQ(SendTo(from_, kBroadcast), "");
  EXPECT_EQ(Recv(here), "hello");
  EXPECT_EQ(Recv(there), "hello");
}

TEST_F(MemoryGroupsTest, TheBroadcastOfTheLoopbackStaysHere) {
  const OwnedFd here = Open(a, "0.0.0.0");
  const OwnedFd there = Open(b, "0.0.0.0");
  EXPECT_EQ(SendTo(from_, "127.255.255.255"), "Permission denied");
  Set(from_, "broadcast", 1);
  EXPECT_EQ(SendTo(from_, "127.255.255.255"), "");
  EXPECT_EQ(Recv(here), "hello");
  EXPECT_EQ(Recv(there), kAgain);
}

TEST_F(MemoryGroupsTest, AGroupCanBeConnectedTo) {
  const OwnedFd to = Member(b);
  const Address group = At(kGroup, 53);
  EXPECT_EQ(a.Connect(from_.get(), group.data(), group.size()), 0);
  EXPECT_EQ(Send(from_, "hello"), 5);
  EXPECT_EQ(Recv(to), "hello");
  EXPECT_EQ(Send(from_, "again"), 5);
}

TEST_F(MemoryGroupsTest, TcpHasNoGroups) {
  const auto tcp = OpenTcpSocket(AF_INET, a);
  absl::Status error;
  StartConnect(tcp->ref(), At(kGroup, 80), error);
  EXPECT_EQ(error.message(), "Network is unreachable");
}

}  // namespace
}  // namespace lev
