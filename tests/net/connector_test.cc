// RFC 8305 in virtual time, with attempts that a script decides; and over the
// loopback interface.

#include "lev/net/connector.h"

#include <errno.h>
#include <sys/socket.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"
#include "tests/support/descriptors.h"
#include "tests/support/fake_world.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

// Dials fake descriptors. What is not planned is never answered.
class FakeDialer final : public Dialer {
 public:
  explicit FakeDialer(FakeWorld& world) : world_(world) {}

  struct Plan {
    Nanos after = kNever;  // Since the start of the attempt.
    int error = 0;         // 0: it succeeds.
  };
  std::map<std::string, Plan> plans;

  // When each attempt began, in milliseconds: "::1@0 127.0.0.1@250".
  const std::string& trace() const { return trace_; }

  IoResult Start(const Address& peer, OwnedFd& fd,
                 absl::Status& error) override {
    const Instant now = world_.clock.Now();
    trace_ += (trace_.empty() ? "" : " ") + peer.host() + "@" +
              std::to_string(now / kMillisecond);
    const Plan plan = plans[peer.host()];
    if (plan.after == 0 && plan.error != 0) {
      error = ErrnoError(plan.error);
      return IoResult::Failed();
    }
    const int number = world_.fake.Open();
    world_.fake.MakeUnwritable(number);
    fd = OwnedFd(number);
    if (plan.after == 0) return IoResult::Done(0);
    if (plan.after != kNever) {
      world_.fake.At(After(now, plan.after),
                     [this, number] { world_.fake.MakeWritable(number); });
    }
    errors_[number] = plan.error;
    return IoResult::WantWrite();
  }

  IoResult Finish(int fd, absl::Status& error) override {
    if (errors_[fd] == 0) return IoResult::Done(0);
    error = ErrnoError(errors_[fd]);
    return IoResult::Failed();
  }

 private:
  FakeWorld& world_;
  std::map<int, int> errors_;
  std::string trace_;
};

class ConnectorTest : public testing::Test {
 protected:
  ~ConnectorTest() override {
    world_.waiters.clear();
    connector_.reset();
    EXPECT_EQ(world_.loop.stats().registered_fds, 0u);
    EXPECT_EQ(world_.loop.stats().timers, 0u);
  }

  ConnectorTest() { lookup_.SetName("x.test"); }

  void Answer(int family, const std::vector<std::string>& hosts) {
    std::vector<Address> addresses;
    for (const std::string& host : hosts) {
      addresses.push_back(*Address::Parse(host, 80));
    }
    lookup_.Answer(family, SomeAddresses(std::move(addresses), "x.test"));
  }

  void AnswerAt(Nanos when, int family, std::vector<std::string> hosts) {
    world_.fake.At(when, [this, family, hosts] { Answer(family, hosts); });
  }

  // Runs until somebody who waits for the connector has seen it decided.
  void Run() {
    connector_ = std::make_unique<Connector>(world_.loop, lookup_, dialer_);
    FnWaiter& waiter = world_.Add();
    waiter.set_body([this, &waiter] {
      if (!connector_->decided()) world_.loop.Park(waiter, *connector_);
    });
    world_.loop.Schedule(waiter);
    status_ = world_.loop.Run();
  }

  std::string Winner() const {
    if (!connector_->decided()) return "undecided";
    if (!connector_->error().ok()) return "none";
    return connector_->peer().host();
  }
  std::string Error() const {
    return std::string(connector_->error().message());
  }
  int64_t Millis() { return world_.clock.Now() / kMillisecond; }

  static constexpr Nanos kRoundTrip = 10 * kMillisecond;

  FakeWorld world_;
  FakeDialer dialer_{world_};
  Lookup lookup_{AF_UNSPEC};
  std::unique_ptr<Connector> connector_;
  absl::Status status_;
};

TEST_F(ConnectorTest, TheFirstAddressThatAnswersWins) {
  Answer(AF_INET6, {"::1"});
  Answer(AF_INET, {"127.0.0.1"});
  dialer_.plans["::1"] = {.after = kRoundTrip};
  Run();
  EXPECT_EQ(Winner(), "::1");
  EXPECT_EQ(connector_->peer().port(), 80);
  EXPECT_TRUE(connector_->TakeFd().valid());
  EXPECT_EQ(dialer_.trace(), "::1@0");
}

TEST_F(ConnectorTest, FamiliesTakeTurns) {
  Answer(AF_INET6, {"::1", "::2", "::3"});
  Answer(AF_INET, {"127.0.0.1", "127.0.0.2"});
  for (const char* host : {"::1", "::2", "::3", "127.0.0.1", "127.0.0.2"}) {
    dialer_.plans[host] = {.after = 0, .error = ECONNREFUSED};
  }
  Run();
  EXPECT_EQ(dialer_.trace(), "::1@0 127.0.0.1@0 ::2@0 127.0.0.2@0 ::3@0");
  EXPECT_EQ(Error(), "Connection refused");
}

TEST_F(ConnectorTest, AnAttemptThatTakesLongGetsCompany) {
  Answer(AF_INET6, {"::1", "::2"});
  Answer(AF_INET, {"127.0.0.1"});
  dialer_.plans["::2"] = {.after = kRoundTrip};
  Run();
  EXPECT_EQ(dialer_.trace(), "::1@0 127.0.0.1@250 ::2@500");
  EXPECT_EQ(Winner(), "::2");
  EXPECT_EQ(Millis(), 510);
}

TEST_F(ConnectorTest, TheFirstAttemptMayStillWin) {
  Answer(AF_INET6, {"::1"});
  Answer(AF_INET, {"127.0.0.1"});
  dialer_.plans["::1"] = {.after = 300 * kMillisecond};
  dialer_.plans["127.0.0.1"] = {.after = 100 * kMillisecond};
  Run();
  EXPECT_EQ(dialer_.trace(), "::1@0 127.0.0.1@250");
  EXPECT_EQ(Winner(), "::1");
  EXPECT_EQ(Millis(), 300);
}

TEST_F(ConnectorTest, WhoFailsIsFollowedAtOnce) {
  Answer(AF_INET6, {"::1"});
  Answer(AF_INET, {"127.0.0.1", "127.0.0.2"});
  dialer_.plans["::1"] = {.after = kRoundTrip, .error = ECONNREFUSED};
  dialer_.plans["127.0.0.2"] = {.after = kRoundTrip};
  Run();
  EXPECT_EQ(dialer_.trace(), "::1@0 127.0.0.1@10 127.0.0.2@260");
  EXPECT_EQ(Winner(), "127.0.0.2");
}

TEST_F(ConnectorTest, WithoutIpv6ItGoesOnWithIpv4) {
  Answer(AF_INET6, {"2001:db8::1"});
  Answer(AF_INET, {"127.0.0.1"});
  dialer_.plans["2001:db8::1"] = {.after = 0, .error = ENETUNREACH};
  dialer_.plans["127.0.0.1"] = {.after = kRoundTrip};
  Run();
  EXPECT_EQ(Winner(), "127.0.0.1");
  EXPECT_EQ(Millis(), 10);
}

TEST_F(ConnectorTest, AnIpv6AnswerIsNotWaitedForBeyondItsDelay) {
  AnswerAt(5 * kMillisecond, AF_INET, {"127.0.0.1"});
  AnswerAt(kSecond, AF_INET6, {"::1"});
  dialer_.plans["127.0.0.1"] = {.after = kRoundTrip};
  Run();
  EXPECT_EQ(dialer_.trace(), "127.0.0.1@55");
  EXPECT_EQ(Winner(), "127.0.0.1");
}

TEST_F(ConnectorTest, AnIpv6AnswerWithinItsDelayComesFirst) {
  AnswerAt(5 * kMillisecond, AF_INET, {"127.0.0.1"});
  AnswerAt(20 * kMillisecond, AF_INET6, {"::1"});
  Run();
  EXPECT_EQ(dialer_.trace(), "::1@20 127.0.0.1@270");
}

TEST_F(ConnectorTest, AnIpv6AnswerOfNoneEndsTheDelay) {
  AnswerAt(5 * kMillisecond, AF_INET, {"127.0.0.1"});
  AnswerAt(20 * kMillisecond, AF_INET6, {});
  dialer_.plans["127.0.0.1"] = {.after = kRoundTrip};
  Run();
  EXPECT_EQ(dialer_.trace(), "127.0.0.1@20");
}

TEST_F(ConnectorTest, AnIpv6AnswerNeedsNoOther) {
  AnswerAt(5 * kMillisecond, AF_INET6, {"::1"});
  dialer_.plans["::1"] = {.after = kRoundTrip};
  Run();
  EXPECT_EQ(Winner(), "::1");
  EXPECT_FALSE(lookup_.complete());
}

TEST_F(ConnectorTest, AFamilyThatIsAnsweredLaterJoins) {
  Answer(AF_INET, {"127.0.0.1", "127.0.0.2"});
  AnswerAt(100 * kMillisecond, AF_INET6, {"::1", "::2"});
  Run();
  EXPECT_EQ(dialer_.trace(), "127.0.0.1@50 ::1@300 127.0.0.2@550 ::2@800");
}

TEST_F(ConnectorTest, WhenAllHaveFailedAnAnswerIsStillWaitedFor) {
  Answer(AF_INET, {"127.0.0.1"});
  AnswerAt(kSecond, AF_INET6, {"::1"});
  dialer_.plans["127.0.0.1"] = {.after = kRoundTrip, .error = ECONNREFUSED};
  dialer_.plans["::1"] = {.after = kRoundTrip};
  int polls = 0;
  world_.poller.before = [&polls](Nanos) { ++polls; };
  Run();
  EXPECT_EQ(dialer_.trace(), "127.0.0.1@50 ::1@1000");
  EXPECT_EQ(Winner(), "::1");
  EXPECT_LT(polls, 10) << "it must not spin";
}

TEST_F(ConnectorTest, WithoutAddressesTheLookupsErrorIsTold) {
  AnswerAt(kRoundTrip, AF_INET6, {});
  AnswerAt(kRoundTrip, AF_INET, {});
  Run();
  EXPECT_EQ(Winner(), "none");
  EXPECT_EQ(Error(), "no address for \"x.test\"");
}

TEST_F(ConnectorTest, TheErrorIsOfAHostRatherThanOfTheWay) {
  Answer(AF_INET6, {"::1", "::2"});
  Answer(AF_INET, {"127.0.0.1"});
  dialer_.plans["::1"] = {.after = 0, .error = ENETUNREACH};
  dialer_.plans["127.0.0.1"] = {.after = kRoundTrip, .error = ECONNREFUSED};
  dialer_.plans["::2"] = {.after = 0, .error = ENETUNREACH};
  Run();
  EXPECT_EQ(Error(), "Connection refused");
}

TEST_F(ConnectorTest, WhenNobodyAnswersItWaitsAndSaysForWhat) {
  Answer(AF_INET6, {"::1"});
  Answer(AF_INET, {"127.0.0.1"});
  Run();
  EXPECT_FALSE(status_.ok()) << "nothing will ever happen";
  EXPECT_EQ(Winner(), "undecided");
  EXPECT_EQ(world_.loop.stats().registered_fds, 2u);
  EXPECT_EQ(world_.waiters[0]->DescribeWait(), "a connection to \"x.test\"");
}

TEST_F(ConnectorTest, TheLosersAreClosedAtOnce) {
  Answer(AF_INET6, {"::1", "::2"});
  Answer(AF_INET, {"127.0.0.1"});
  dialer_.plans["::2"] = {.after = kRoundTrip};
  Run();
  EXPECT_EQ(Winner(), "::2");
  EXPECT_EQ(world_.loop.stats().registered_fds, 0u);
}

TEST_F(ConnectorTest, TheDelaysAreOptions) {
  connector_ = std::make_unique<Connector>(
      world_.loop, lookup_, dialer_,
      Connector::Options{.resolution_delay = kMillisecond,
                         .attempt_delay = 2 * kMillisecond});
  Answer(AF_INET, {"127.0.0.1", "127.0.0.2", "127.0.0.3"});
  FnWaiter& waiter = world_.Add();
  world_.loop.Park(waiter, *connector_);
  EXPECT_FALSE(world_.loop.Run().ok());
  EXPECT_EQ(dialer_.trace(), "127.0.0.1@1 127.0.0.2@3 127.0.0.3@5");
}

// Every test leaves as many descriptors open as it found.
class RealConnectorTest : public testing::Test {
 protected:
  ~RealConnectorTest() override {
    EXPECT_EQ(world_->loop().stats().registered_fds, 0u);
    world_.reset();
    EXPECT_EQ(CountOpenFds(), open_before_);
  }

  // Tries these in their order, and returns the error's text, or whom it is
  // connected to.
  std::string Connect(std::vector<Address> peers, Dialer& dialer) {
    Lookup lookup(AF_INET);
    lookup.Answer(AF_INET, std::move(peers));
    Connector connector(world_->loop(), lookup, dialer);
    world_->NewPlayer().Do([&](bool) {
      return connector.decided() ? Step::Done() : Step::Blocked(connector);
    });
    world_->Run();
    if (!connector.error().ok())
      return std::string(connector.error().message());
    const OwnedFd fd = connector.TakeFd();
    local_ = *LocalAddress(fd.get());
    return PeerAddress(fd.get())->ToString();
  }

  const size_t open_before_ = CountOpenFds();
  std::unique_ptr<RealWorld> world_ = std::make_unique<RealWorld>();
  TcpDialer dialer_;
  Address local_;
};

TEST_F(RealConnectorTest, PassesOverWhoRefuses) {
  const OwnedFd listener = LoopbackListener();
  const Address good = AddressOf(listener);
  EXPECT_EQ(Connect({RefusingAddress(), good}, dialer_), good.ToString());
}

TEST_F(RealConnectorTest, SaysWhyNobodyAnswered) {
  EXPECT_EQ(Connect({RefusingAddress(), RefusingAddress()}, dialer_),
            "Connection refused");
}

TEST_F(RealConnectorTest, TakesOverFromOneWhoIsSilent) {
  const OwnedFd deaf = LoopbackListener(0);
  std::vector<OwnedFd> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(*OpenTcpSocket(AF_INET));
    absl::Status error;
    StartConnect(fillers.back().get(), AddressOf(deaf), error);
  }
  const OwnedFd listener = LoopbackListener();
  const Address good = AddressOf(listener);
  EXPECT_EQ(Connect({AddressOf(deaf), good}, dialer_), good.ToString());
}

TEST_F(RealConnectorTest, ConnectsFromTheAddressItIsGiven) {
  const OwnedFd listener = LoopbackListener();
  TcpDialer dialer(*Address::Parse("127.0.0.9", 0));
  Connect({AddressOf(listener)}, dialer);
  EXPECT_EQ(local_.host(), "127.0.0.9");
}

TEST_F(RealConnectorTest, AnAddressThatIsNotOursIsAnErrorValue) {
  const OwnedFd listener = LoopbackListener();
  TcpDialer dialer(*Address::Parse("192.0.2.1", 0));
  EXPECT_EQ(Connect({AddressOf(listener)}, dialer),
            "Cannot assign requested address");
}

TEST_F(RealConnectorTest, WithoutFreeDescriptorsItIsAnErrorValue) {
  const OwnedFd listener = LoopbackListener();
  const NoFreeFds none;
  EXPECT_EQ(Connect({AddressOf(listener)}, dialer_), "Too many open files");
}

TEST_F(RealConnectorTest, DestroyedInTheMiddleItLeavesNothing) {
  const OwnedFd listener = LoopbackListener();
  Lookup lookup(AF_INET);
  lookup.Answer(AF_INET, std::vector<Address>{AddressOf(listener)});
  auto connector = std::make_unique<Connector>(world_->loop(), lookup, dialer_);
  world_->NewPlayer().Call([&] { connector.reset(); });
  world_->Run();
  EXPECT_EQ(world_->loop().stats().ready, 0u);
}

}  // namespace
}  // namespace lev
