#include "lev/net/multicast.h"

#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "lev/net/owned_fd.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

// A socket that others at the same port do not disturb.
OwnedFd Bound(const char* host) {
  const Address address = *Address::Parse(host, 0);
  OwnedFd fd(socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK, 0));
  if (bind(fd.get(), address.data(), address.size()) != 0) fd.Close();
  return fd;
}

// Sends five bytes to the group, at the port of `to`; returns sendto's result.
ssize_t SendTo(const OwnedFd& from, const char* group, const OwnedFd& to) {
  const Address address = *Address::Parse(group, AddressOf(to).port());
  return sendto(from.get(), "hello", 5, 0, address.data(), address.size());
}

bool Received(const OwnedFd& to) {
  char data[16];
  return AwaitPoll(to.get(), POLLIN) &&
         recv(to.get(), data, sizeof(data), 0) == 5;
}

TEST(MulticastTest, WhoHasJoinedReceivesWhatIsSentToTheGroup) {
  const OwnedFd to = Bound("0.0.0.0");
  const OwnedFd from = Bound("127.0.0.1");
  const Address group = *Address::Parse("239.1.2.3", 0);
  ASSERT_EQ(JoinGroup(to.get(), group, "lo"), absl::OkStatus());
  ASSERT_EQ(SetMulticastInterface(from.get(), "lo"), absl::OkStatus());
  EXPECT_EQ(SendTo(from, "239.1.2.3", to), 5);
  EXPECT_TRUE(Received(to));
}

TEST(MulticastTest, TheSameForIPv6) {
  const OwnedFd to = Bound("::");
  const OwnedFd from = Bound("::1");
  if (!from.valid()) GTEST_SKIP() << "no IPv6 here";
  const Address group = *Address::Parse("ff01::1234", 0);
  ASSERT_EQ(JoinGroup(to.get(), group, "::1"), absl::OkStatus());
  ASSERT_EQ(SetMulticastInterface(from.get(), "lo"), absl::OkStatus());
  if (SendTo(from, "ff01::1234", to) != 5) {
    GTEST_SKIP() << "no IPv6 multicast on the loopback interface here";
  }
  EXPECT_TRUE(Received(to));
}

TEST(MulticastTest, AGroupCanBeLeftOnce) {
  const OwnedFd to = Bound("0.0.0.0");
  const Address group = *Address::Parse("239.1.2.3", 0);
  EXPECT_EQ(LeaveGroup(to.get(), group, "lo").message(),
            "Cannot assign requested address");
  EXPECT_EQ(JoinGroup(to.get(), group, "lo"), absl::OkStatus());
  EXPECT_EQ(JoinGroup(to.get(), group, "lo").message(),
            "Address already in use");
  EXPECT_EQ(LeaveGroup(to.get(), group, "lo"), absl::OkStatus());
  EXPECT_FALSE(LeaveGroup(to.get(), group, "lo").ok());
}

TEST(MulticastTest, WhatIsNoGroupIsRefused) {
  const OwnedFd to = Bound("0.0.0.0");
  EXPECT_EQ(
      JoinGroup(to.get(), *Address::Parse("127.0.0.1", 0), "lo").message(),
      "Invalid argument");
}

TEST(MulticastTest, AnInterfaceGoesByAddressNameOrNumber) {
  const OwnedFd fd = Bound("0.0.0.0");
  const std::string number = absl::StrCat(if_nametoindex("lo"));
  for (const std::string& text :
       {std::string("127.0.0.1"), std::string("lo"), number}) {
    EXPECT_EQ(SetMulticastInterface(fd.get(), ""), absl::OkStatus());
    EXPECT_EQ(GetMulticastInterface(fd.get()).value(), "0.0.0.0");
    EXPECT_EQ(SetMulticastInterface(fd.get(), text), absl::OkStatus()) << text;
    EXPECT_EQ(GetMulticastInterface(fd.get()).value(), "127.0.0.1") << text;
  }
}

TEST(MulticastTest, AnIPv6SocketsInterfaceIsItsName) {
  const OwnedFd fd = Bound("::1");
  if (!fd.valid()) GTEST_SKIP() << "no IPv6 here";
  EXPECT_EQ(GetMulticastInterface(fd.get()).value(), "");
  EXPECT_EQ(SetMulticastInterface(fd.get(), "127.0.0.1"), absl::OkStatus());
  EXPECT_EQ(GetMulticastInterface(fd.get()).value(), "lo");
}

TEST(MulticastTest, AnInterfaceThatDoesNotExistIsAnErrorInWords) {
  const OwnedFd fd = Bound("0.0.0.0");
  const Address group = *Address::Parse("239.1.2.3", 0);
  for (const absl::string_view text :
       {absl::string_view("nosuchif"), absl::string_view("192.0.2.1"),
        absl::string_view("987654"), absl::string_view("+1"),
        absl::string_view("lo\0", 3)}) {
    EXPECT_EQ(JoinGroup(fd.get(), group, text).message(), "No such device");
    EXPECT_EQ(SetMulticastInterface(fd.get(), text).message(),
              "No such device");
  }
}

}  // namespace
}  // namespace lev
