#include "lev/net/host_name.h"

#include <string>

#include "gtest/gtest.h"

namespace lev {
namespace {

TEST(HostNameTest, TakesWhatNamesAreMadeOf) {
  for (const char* name :
       {"a", "example.com", "example.com.", "xn--bcher-kva.example", "a-b.c_d",
        "3com.com", "1.2.3.4.in-addr.arpa", "_sip._tcp.example",
        "UPPER.Case"}) {
    EXPECT_TRUE(CheckHostName(name).ok()) << name;
  }
}

TEST(HostNameTest, QuotesWhatCannotBeAName) {
  for (const char* name : {"", ".", "..", "a..b", ".a", " a", "a b", "a\n",
                           "b\xc3\xbc"
                           "cher",
                           "a/b", "a:80", "[::1]", "fe80::1%", "*", "a@b"}) {
    EXPECT_EQ(CheckHostName(name).message(),
              std::string("not a host name or address: \"") + name + "\"");
  }
}

TEST(HostNameTest, AMistypedAddressIsNoName) {
  for (const char* name :
       {"256.1.1.1", "1.2.3", "1", "1.2.3.4.5", "a.1", "127.0.0.1."}) {
    EXPECT_FALSE(CheckHostName(name).ok()) << name;
  }
}

TEST(HostNameTest, KnowsHowLongNamesMayBe) {
  const std::string label(63, 'a');
  const std::string longest =
      label + "." + label + "." + label + "." + label.substr(2);
  ASSERT_EQ(longest.size(), kMaxHostNameSize);
  EXPECT_TRUE(CheckHostName(longest).ok());
  EXPECT_TRUE(CheckHostName(longest + ".").ok());
  EXPECT_EQ(CheckHostName(longest + "a").message(),
            "the host is longer than 253 bytes");
  EXPECT_TRUE(CheckHostName(label).ok());
  EXPECT_FALSE(CheckHostName(label + "a").ok());
}

TEST(HostNameTest, SaysThatThereIsANulByte) {
  EXPECT_EQ(CheckHostName(absl::string_view("a.test\0.evil", 12)).message(),
            "the host contains a NUL byte");
}

TEST(HostNameTest, KnowsLocalhostInAllItsForms) {
  for (const char* name : {"localhost", "LOCALHOST", "localhost.",
                           "x.localhost", "x.Localhost."}) {
    EXPECT_TRUE(IsLocalhost(name)) << name;
  }
  for (const char* name : {"", "local", "mylocalhost", "localhost.test"}) {
    EXPECT_FALSE(IsLocalhost(name)) << name;
  }
}

TEST(HostNameTest, AnIpv6AddressMayStandInBrackets) {
  EXPECT_EQ(ParseHostAddress("[::1]", 80)->host(), "::1");
  EXPECT_EQ(ParseHostAddress("[::1%lo]", 80)->host(), "::1%lo");
  EXPECT_EQ(ParseHostAddress("::1", 80)->host(), "::1");
  EXPECT_EQ(ParseHostAddress("127.0.0.1", 80)->port(), 80);
  for (const char* text : {"[127.0.0.1]", "[::1", "::1]", "[]", "[[::1]]"}) {
    EXPECT_FALSE(ParseHostAddress(text, 80).ok()) << text;
  }
}

TEST(HostNameTest, ANameServerIsAnAddressPerhapsWithAPort) {
  for (const char* server : {"127.0.0.1", "127.0.0.1:53", "::1", "[::1]",
                             "[::1]:5353", "2001:db8::1:2"}) {
    EXPECT_TRUE(CheckNameServer(server).ok()) << server;
  }
  for (const char* server : {"", ":", ":53", "a.test", "127.0.0.1:",
                             "127.0.0.1:0", "127.0.0.1:65536", "[::1]:x",
                             "127.0.0.1:53,127.0.0.2", "127.0.0.1:+5"}) {
    EXPECT_EQ(CheckNameServer(server).message(),
              std::string("not a name server: \"") + server + "\"");
  }
}

}  // namespace
}  // namespace lev
