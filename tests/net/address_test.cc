#include "lev/net/address.h"

#include <arpa/inet.h>

#include <cstring>
#include <string>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace lev {
namespace {

// What `host` reads as, or "invalid".
std::string Read(absl::string_view host) {
  const auto address = Address::Parse(host, 80);
  if (!address.ok()) return "invalid";
  EXPECT_EQ(address->port(), 80);
  return address->host();
}

TEST(AddressTest, TheDefaultIsAnyIPv4Address) {
  EXPECT_EQ(Address().host(), "0.0.0.0");
  EXPECT_EQ(Address().port(), 0);
  EXPECT_EQ(Address().family(), AF_INET);
}

TEST(AddressTest, IPv4IsReadAndWrittenBack) {
  for (const char* host : {"127.0.0.1", "0.0.0.0", "255.255.255.255"}) {
    EXPECT_EQ(Read(host), host);
    EXPECT_EQ(Address::Parse(host, 0)->family(), AF_INET);
    EXPECT_EQ(Address::Parse(host, 0)->size(), sizeof(sockaddr_in));
  }
}

TEST(AddressTest, IPv6IsReadAndWrittenBack) {
  for (const char* host : {"::", "::1", "2001:db8::1", "::ffff:1.2.3.4"}) {
    EXPECT_EQ(Read(host), host);
    EXPECT_EQ(Address::Parse(host, 0)->family(), AF_INET6);
    EXPECT_EQ(Address::Parse(host, 0)->size(), sizeof(sockaddr_in6));
  }
}

TEST(AddressTest, IPv6IsWrittenInItsShortForm) {
  EXPECT_EQ(Read("2001:0DB8:0:0:0:0:0:1"), "2001:db8::1");
}

TEST(AddressTest, PortsHaveNetworkOrderWithin) {
  const auto v4 = Address::Parse("1.2.3.4", 0x1234);
  const auto* in = reinterpret_cast<const sockaddr_in*>(v4->data());
  EXPECT_EQ(in->sin_port, htons(0x1234));
  const auto v6 = Address::Parse("::1", 65535);
  EXPECT_EQ(v6->port(), 65535);
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(v6->data());
  EXPECT_EQ(in6->sin6_port, htons(65535));
}

TEST(AddressTest, AZoneMayBeAnInterfacesName) {
  EXPECT_EQ(Read("fe80::1%lo"), "fe80::1%lo");
}

TEST(AddressTest, AZoneMayBeANumber) {
  EXPECT_EQ(Read("fe80::1%1"), "fe80::1%lo");
  EXPECT_EQ(Read("fe80::1%987654"), "fe80::1%987654");
}

TEST(AddressTest, ABadZoneIsRefused) {
  EXPECT_EQ(Read("fe80::1%"), "invalid");
  EXPECT_EQ(Read("fe80::1%nosuchif"), "invalid");
  EXPECT_EQ(Read("fe80::1%-1"), "invalid");
  EXPECT_EQ(Read("fe80::1%+1"), "invalid");
  EXPECT_EQ(Read("fe80::1% 1"), "invalid");
  EXPECT_EQ(Read("fe80::1%4294967296"), "invalid");
  EXPECT_EQ(Read("fe80::1%1%1"), "invalid");
  EXPECT_EQ(Read("127.0.0.1%lo"), "invalid");
}

TEST(AddressTest, GarbageIsRefused) {
  for (const char* host :
       {"", " ", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ",
        " 1.2.3.4", "01.2.3.4x", "0x7f.0.0.1", "::1::", ":::", "[::1]", "1:2",
        "1.2.3.4:80", "%lo", "12345::", "g::1"}) {
    EXPECT_EQ(Read(host), "invalid") << host;
  }
}

TEST(AddressTest, ARefusalQuotesWhatWasGiven) {
  EXPECT_EQ(Address::Parse("localhost", 80).status().message(),
            "not an IPv4 or IPv6 address: \"localhost\"");
}

TEST(AddressTest, ANulByteIsRefusedWhereverItStands) {
  for (const size_t at : {0, 4, 9}) {
    std::string host = "127.0.0.1";
    host.insert(at, 1, '\0');
    const auto address = Address::Parse(host, 80);
    EXPECT_EQ(address.status().message(), "the address contains a NUL byte");
  }
}

TEST(AddressTest, AVeryLongHostIsRefused) {
  EXPECT_EQ(Read(std::string(100000, '1')), "invalid");
  EXPECT_EQ(Read("fe80::1%" + std::string(100000, 'x')), "invalid");
}

TEST(AddressTest, TheKernelsAnswerIsTaken) {
  for (const char* host : {"10.1.2.3", "2001:db8::7", "fe80::1%lo"}) {
    const auto address = Address::Parse(host, 443);
    sockaddr_storage storage = {};
    std::memcpy(&storage, address->data(), address->size());
    const Address copy = Address::FromKernel(storage, address->size());
    EXPECT_EQ(copy.host(), host);
    EXPECT_EQ(copy.port(), 443);
    EXPECT_EQ(copy.size(), address->size());
  }
}

TEST(AddressTest, UnixAddressKeepsAPath) {
  const auto address = Address::Unix("/run/lev.sock");
  ASSERT_TRUE(address.ok());
  EXPECT_TRUE(address->is_unix());
  EXPECT_EQ(address->host(), "/run/lev.sock");
  EXPECT_EQ(address->port(), 0);
  EXPECT_EQ(address->ToString(), "unix:/run/lev.sock");
}

TEST(AddressTest, UnixAddressSpellsAnAbstractNameWithAnAtSign) {
  for (const absl::string_view name :
       {absl::string_view("@lev"), absl::string_view("\0lev", 4)}) {
    const auto address = Address::Unix(name);
    ASSERT_TRUE(address.ok());
    EXPECT_EQ(address->host(), "@lev");
    EXPECT_EQ(address->size(), sizeof(sa_family_t) + 4);
  }
}

TEST(AddressTest, UnixAddressRefusesWhatTheKernelCannotHold) {
  EXPECT_EQ(Address::Unix("").status().message(),
            "the path of a socket is empty");
  EXPECT_EQ(Address::Unix(std::string(108, 'x')).status().message(),
            "the path of a socket is longer than 107 bytes");
  EXPECT_EQ(Address::Unix(absl::string_view("a\0b", 3)).status().message(),
            "the path of a socket contains a NUL byte");
  EXPECT_TRUE(Address::Unix("@" + std::string(107, 'x')).ok());
}

TEST(AddressTest, UnixAddressOfAnUnnamedSocketIsEmpty) {
  sockaddr_storage storage = {};
  storage.ss_family = AF_UNIX;
  EXPECT_EQ(Address::FromKernel(storage, sizeof(sa_family_t)).host(), "");
}

TEST(AddressTest, IsWrittenWithItsPort) {
  EXPECT_EQ(Address::Parse("127.0.0.1", 80)->ToString(), "127.0.0.1:80");
  EXPECT_EQ(Address::Parse("::1", 80)->ToString(), "[::1]:80");
}

}  // namespace
}  // namespace lev
