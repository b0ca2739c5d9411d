// Questions to name servers. Tests lev/net/ares_answer.cc, too.

#include "lev/net/ares_channel.h"

#include <sys/socket.h>

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
using testing::UnorderedElementsAre;

using AresChannelTest = ResolverFixture;

TEST_F(AresChannelTest, ANameHasAddressesOfBothFamilies) {
  Serve({.addresses = {"127.0.0.1", "::1", "127.0.0.2"}});
  const Lookup& lookup = LookUp("both.test");
  EXPECT_THAT(Hosts(lookup, AF_INET6), ElementsAre("::1"));
  EXPECT_THAT(Hosts(lookup, AF_INET),
              UnorderedElementsAre("127.0.0.1", "127.0.0.2"));
  EXPECT_TRUE(lookup.error().ok());
  EXPECT_THAT(server_->asked(),
              UnorderedElementsAre("A both.test", "AAAA both.test"));
}

TEST_F(AresChannelTest, OnlyTheFamilyThatIsWantedIsAskedFor) {
  Serve({.addresses = {"127.0.0.1", "::1"}});
  EXPECT_THAT(Hosts(LookUp("x.test", AF_INET6)), ElementsAre("::1"));
  EXPECT_THAT(Hosts(LookUp("x.test", AF_INET)), ElementsAre("127.0.0.1"));
  EXPECT_THAT(server_->asked(), ElementsAre("AAAA x.test", "A x.test"));
}

TEST_F(AresChannelTest, ThePortMayBeNone) {
  Serve({.addresses = {"127.0.0.1"}});
  Lookup lookup(AF_INET);
  resolver_->Start("x.test", 0, lookup);
  Await(lookup);
  world_->Run();
  ASSERT_EQ(lookup.addresses(AF_INET).size(), 1u);
  EXPECT_EQ(lookup.addresses(AF_INET)[0].port(), 0);
}

TEST_F(AresChannelTest, OneFamilyIsEnough) {
  Serve({.addresses = {"127.0.0.1"}});
  const Lookup& lookup = LookUp("v4.test");
  EXPECT_THAT(Hosts(lookup), ElementsAre("127.0.0.1"));
  EXPECT_TRUE(lookup.error().ok());
}

TEST_F(AresChannelTest, AliasesAreFollowed) {
  Serve({.aliases = {"a.test", "b.test"}, .addresses = {"127.0.0.1", "::1"}});
  EXPECT_THAT(Hosts(LookUp("x.test")), ElementsAre("::1", "127.0.0.1"));
}

TEST_F(AresChannelTest, AnAnswerOfManyAddressesIsTakenWhole) {
  DnsReply reply;
  for (int i = 1; i <= 20; ++i) {
    reply.addresses.push_back("127.0.0." + std::to_string(i));
  }
  Serve(reply);
  EXPECT_THAT(Hosts(LookUp("x.test")),
              testing::UnorderedElementsAreArray(reply.addresses));
}

struct Failing {
  const char* name;
  DnsReply reply;
  const char* error;
};

class AresErrorTest : public AresChannelTest,
                      public testing::WithParamInterface<Failing> {};

TEST_P(AresErrorTest, IsSaidInWords) {
  Serve(GetParam().reply);
  Resolver::Options options = Options();
  options.timeout = 20 * kMillisecond;
  options.tries = 2;
  resolver_->SetOptions(std::move(options));
  EXPECT_EQ(ErrorOf(LookUp("x.test")), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, AresErrorTest,
    testing::Values(
        Failing{"NoSuchName", {.rcode = 3}, "name not found: \"x.test\""},
        Failing{"NoAddress", {}, "no address for \"x.test\""},
        Failing{"AliasOfNothing",
                {.aliases = {"y.test"}},
                "no address for \"x.test\""},
        Failing{"ServerFailure", {.rcode = 2}, "name server failed"},
        Failing{"Refused", {.rcode = 5}, "name server failed"},
        Failing{"NotImplemented", {.rcode = 4}, "name server failed"},
        Failing{"Silence", {.silent = true}, "name server did not answer"},
        Failing{"WrongId", {.wrong_id = true}, "name server did not answer"},
        Failing{"Garbage", {.garbage = true}, "name server did not answer"}),
    [](const auto& failing) { return failing.param.name; });

TEST_F(AresChannelTest, AServerThatMissedAQuestionIsAskedAgain) {
  Serve([](const DnsQuestion& question) {
    return DnsReply{.addresses = {"127.0.0.1", "::1"},
                    .silent = question.nth == 0};
  });
  Resolver::Options options = Options();
  options.timeout = 20 * kMillisecond;
  resolver_->SetOptions(std::move(options));
  EXPECT_THAT(Hosts(LookUp("x.test")), ElementsAre("::1", "127.0.0.1"));
  EXPECT_GE(server_->times_asked("A x.test"), 2);
}

TEST_F(AresChannelTest, ATruncatedAnswerIsAskedForOverTcp) {
  DnsReply reply = {.truncated = true};
  for (int i = 1; i <= 200; ++i) {
    reply.addresses.push_back("127.0.0." + std::to_string(i));
  }
  Serve(reply);
  EXPECT_EQ(Hosts(LookUp("x.test", AF_INET)).size(), 200u);
  EXPECT_THAT(server_->asked(), ElementsAre("A x.test", "A x.test TCP"));
}

TEST_F(AresChannelTest, OneFamilyIsAnsweredBeforeTheOther) {
  Serve([](const DnsQuestion& question) {
    return DnsReply{.addresses = {"127.0.0.1"}, .silent = question.v6};
  });
  Lookup& lookup = Start("x.test");
  world_->NewPlayer().Do([&lookup](bool) {
    return lookup.answered(AF_INET) ? Step::Done() : Step::Blocked(lookup);
  });
  world_->Run();
  EXPECT_FALSE(lookup.complete());
  EXPECT_THAT(Hosts(lookup), ElementsAre("127.0.0.1"));
}

TEST_F(AresChannelTest, AnAbandonedLookupLeavesNothing) {
  Serve({.silent = true});
  Start("x.test");
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    EXPECT_EQ(world_->loop().stats().registered_fds, 1u);
    lookups_.clear();
    EXPECT_EQ(world_->loop().stats().registered_fds, 0u);
    // The server's three, and the loop's.
    EXPECT_EQ(CountOpenFds(), open_before_ + 4);
  });
  world_->Run();
  EXPECT_EQ(world_->loop().stats().timers, 0u);
}

TEST_F(AresChannelTest, AnAbandonedLookupDoesNotDisturbAnother) {
  Serve({.addresses = {"127.0.0.1"}, .delay = 10 * kMillisecond});
  Lookup& kept = Start("kept.test");
  Await(kept);
  Start("dropped.test");
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { lookups_.pop_back(); });
  world_->Run();
  EXPECT_THAT(Hosts(kept), ElementsAre("127.0.0.1"));
}

TEST_F(AresChannelTest, AnAbandonedLookupBeforeTheFirstTurnAsksNobody) {
  Serve({.addresses = {"127.0.0.1"}});
  Start("x.test");
  lookups_.clear();
  EXPECT_THAT(Hosts(LookUp("y.test")), ElementsAre("127.0.0.1"));
}

TEST_F(AresChannelTest, AThousandLookupsAtOnceAreAllAnswered) {
  Serve([](const DnsQuestion& question) {
    return DnsReply{.addresses = {"127.0.0." + question.name.substr(1, 1)}};
  });
  for (int i = 0; i < 1000; ++i) {
    Await(Start("n" + std::to_string(i % 9 + 1) + "-" + std::to_string(i) +
                ".test"));
  }
  world_->Run();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(Hosts(*lookups_[i]),
                ElementsAre("127.0.0." + std::to_string(i % 9 + 1)));
  }
}

TEST_F(AresChannelTest, ADestroyedResolverCancelsWhatIsAsked) {
  Serve({.silent = true});
  Lookup& lookup = Start("x.test");
  Await(lookup);
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { resolver_.reset(); });
  world_->Run();
  EXPECT_EQ(ErrorOf(lookup), "cancelled");
}

TEST_F(AresChannelTest, ARunEndsAlthoughSomethingIsAsked) {
  Serve({.silent = true});
  Start("x.test");
  EXPECT_TRUE(world_->loop().Run().ok());
}

TEST_F(AresChannelTest, AShortNameIsLookedForInTheSearchDomains) {
  Serve([](const DnsQuestion& question) {
    if (question.name != "db.two.test") return DnsReply{.rcode = 3};
    return DnsReply{.addresses = {"127.0.0.7"}};
  });
  Resolver::Options options = Options();
  options.search = {"one.test", "two.test"};
  resolver_->SetOptions(std::move(options));
  EXPECT_THAT(Hosts(LookUp("db", AF_INET)), ElementsAre("127.0.0.7"));
  EXPECT_THAT(server_->asked(), ElementsAre("A db.one.test", "A db.two.test"));
}

TEST_F(AresChannelTest, ANameWithEnoughDotsIsFirstAskedForAsItIs) {
  Serve([](const DnsQuestion& question) {
    if (question.name != "a.b.one.test") return DnsReply{.rcode = 3};
    return DnsReply{.addresses = {"127.0.0.7"}};
  });
  Resolver::Options options = Options();
  options.search = {"one.test"};
  resolver_->SetOptions(std::move(options));
  EXPECT_THAT(Hosts(LookUp("a.b", AF_INET)), ElementsAre("127.0.0.7"));
  options = Options();
  options.search = {"one.test"};
  options.ndots = 2;
  resolver_->SetOptions(std::move(options));
  LookUp("a.b", AF_INET);
  EXPECT_THAT(server_->asked(),
              ElementsAre("A a.b", "A a.b.one.test", "A a.b.one.test"));
}

TEST_F(AresChannelTest, ANameThatEndsInADotIsNotSearchedFor) {
  Serve({.rcode = 3});
  Resolver::Options options = Options();
  options.search = {"one.test"};
  resolver_->SetOptions(std::move(options));
  EXPECT_EQ(ErrorOf(LookUp("db.", AF_INET)), "name not found: \"db.\"");
  EXPECT_THAT(server_->asked(), ElementsAre("A db"));
}

TEST_F(AresChannelTest, ASecondServerStandsInForTheFirst) {
  Serve({.addresses = {"127.0.0.1"}});
  DnsServer broken([](const DnsQuestion&) { return DnsReply{.rcode = 2}; });
  Resolver::Options options = Options();
  options.servers = {RefusingUdp(), broken.address(), server_->address()};
  resolver_->SetOptions(std::move(options));
  EXPECT_THAT(Hosts(LookUp("x.test")), ElementsAre("127.0.0.1"));
}

TEST_F(AresChannelTest, WithoutAnyServerItSaysSo) {
  Serve(DnsReply{});
  Resolver::Options options = Options();
  options.servers = {RefusingUdp()};
  resolver_->SetOptions(std::move(options));
  EXPECT_EQ(ErrorOf(LookUp("x.test")), "name server failed");
}

TEST_F(AresChannelTest, WithoutFreeDescriptorsItIsAnErrorValue) {
  Serve({.addresses = {"127.0.0.1"}});
  LookUp("x.test");
  {
    const NoFreeFds none;
    EXPECT_EQ(ErrorOf(LookUp("x.test")), "name server failed");
  }
  EXPECT_THAT(Hosts(LookUp("x.test")), ElementsAre("127.0.0.1"));
}

TEST_F(AresChannelTest, NamesThatNobodyAnswersDoNotHoldUpTheOthers) {
  Serve([](const DnsQuestion& question) {
    return DnsReply{.addresses = {"127.0.0.1"},
                    .silent = question.name != "good.test"};
  });
  for (int i = 0; i < 300; ++i) Start("bad" + std::to_string(i) + ".test");
  EXPECT_THAT(Hosts(LookUp("good.test")), ElementsAre("127.0.0.1"));
  EXPECT_FALSE(lookups_[0]->complete());
}

}  // namespace
}  // namespace lev
