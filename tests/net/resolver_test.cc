#include "lev/net/resolver.h"

#include <sys/socket.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/descriptors.h"
#include "tests/support/dns_server.h"
#include "tests/support/real_world.h"
#include "tests/support/resolver_fixture.h"

namespace lev {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using ResolverTest = ResolverFixture;

TEST_F(ResolverTest, NewOptionsDoNotDisturbWhatIsAsked) {
  Serve({.addresses = {"127.0.0.1"}, .delay = 10 * kMillisecond});
  Lookup& lookup = Start("x.test");
  Await(lookup);
  Resolver::Options options = Options();
  options.servers = {RefusingUdp()};
  resolver_->SetOptions(std::move(options));
  EXPECT_EQ(ErrorOf(LookUp("y.test")), "name server failed");
  EXPECT_THAT(Hosts(lookup), ElementsAre("127.0.0.1"));
}

TEST_F(ResolverTest, WhatIsNoNameServerIsAnError) {
  Serve(DnsReply{});
  Resolver::Options options = Options();
  options.servers = {"nonsense"};
  resolver_->SetOptions(std::move(options));
  EXPECT_EQ(ErrorOf(LookUp("x.test")), "not name servers: \"nonsense\"");
}

// The hosts file of this test, in place of the system's.
class ResolverHostsTest : public ResolverTest {
 protected:
  ResolverHostsTest() {
    std::ofstream(path_) << "127.0.0.5 five.test five\n"
                            "::1 six.test\n"
                            "127.0.0.6 six.test\n";
  }

  void ServeWithHosts(DnsReply reply) {
    Serve(std::move(reply));
    Resolver::Options options = Options();
    options.hosts_file = path_;
    resolver_->SetOptions(std::move(options));
  }

  const std::string path_ = testing::TempDir() + "/resolver_test_hosts";
};

TEST_F(ResolverHostsTest, TheHostsFileComesBeforeTheServers) {
  ServeWithHosts({.addresses = {"127.0.0.99"}});
  const Lookup& lookup = Start("five.test");
  EXPECT_TRUE(lookup.complete());
  EXPECT_THAT(Hosts(lookup), ElementsAre("127.0.0.5"));
  EXPECT_THAT(Hosts(Start("FIVE")), ElementsAre("127.0.0.5"));
  EXPECT_THAT(Hosts(Start("six.test")), ElementsAre("::1", "127.0.0.6"));
  EXPECT_THAT(server_->asked(), IsEmpty());
}

TEST_F(ResolverHostsTest, WhatTheHostsFileLacksTheServersAreAsked) {
  ServeWithHosts({.addresses = {"127.0.0.99", "::99"}});
  EXPECT_THAT(Hosts(LookUp("y.test", AF_INET)), ElementsAre("127.0.0.99"));
  EXPECT_THAT(Hosts(LookUp("five.test", AF_INET6)), ElementsAre("::99"));
}

TEST_F(ResolverTest, AddressesInDigitsNeedNoServer) {
  Serve(DnsReply{});
  EXPECT_THAT(Hosts(Start("127.0.0.3")), ElementsAre("127.0.0.3"));
  EXPECT_THAT(Hosts(Start("::1")), ElementsAre("::1"));
  EXPECT_THAT(Hosts(Start("[::1]")), ElementsAre("::1"));
  EXPECT_THAT(Hosts(Start("::1%lo")), ElementsAre("::1%lo"));
  EXPECT_EQ(ErrorOf(Start("127.0.0.3", AF_INET6)),
            "no address for \"127.0.0.3\"");
  EXPECT_THAT(server_->asked(), IsEmpty());
}

TEST_F(ResolverTest, LocalhostIsThisMachineWhateverAServerSays) {
  Serve({.addresses = {"192.0.2.1", "2001:db8::1"}});
  for (const char* name : {"localhost", "LocalHost", "localhost.",
                           "a.localhost", "a.b.localhost."}) {
    EXPECT_THAT(Hosts(Start(name)), ElementsAre("::1", "127.0.0.1")) << name;
  }
  EXPECT_THAT(Hosts(Start("localhost", AF_INET)), ElementsAre("127.0.0.1"));
  EXPECT_THAT(server_->asked(), IsEmpty());
}

TEST_F(ResolverTest, WhatIsNoNameIsRefusedAtOnce) {
  Serve({.addresses = {"127.0.0.1"}});
  EXPECT_EQ(ErrorOf(Start("")), "not a host name or address: \"\"");
  EXPECT_EQ(ErrorOf(Start("a b")), "not a host name or address: \"a b\"");
  EXPECT_EQ(ErrorOf(Start(std::string("a\0b", 3))),
            "the host contains a NUL byte");
  EXPECT_EQ(ErrorOf(Start(std::string(254, 'a'))),
            "the host is longer than 253 bytes");
  EXPECT_THAT(server_->asked(), IsEmpty());
}

TEST_F(ResolverTest, OfflineOnlyWhatNeedsNoServerIsKnown) {
  Serve({.addresses = {"127.0.0.1"}});
  Resolver::Options options = Options();
  options.offline = true;
  resolver_->SetOptions(std::move(options));
  EXPECT_THAT(Hosts(Start("localhost", AF_INET)), ElementsAre("127.0.0.1"));
  EXPECT_THAT(Hosts(Start("127.0.0.1")), ElementsAre("127.0.0.1"));
  EXPECT_EQ(ErrorOf(Start("x.test")),
            "names cannot be resolved in virtual time");
}

}  // namespace
}  // namespace lev
