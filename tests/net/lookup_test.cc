#include "lev/net/lookup.h"

#include <sys/socket.h>

#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

std::vector<Address> One(const char* host) {
  return {*Address::Parse(host, 80)};
}

// Counts how often it is abandoned.
class Counter final : public Lookup::Source {
 public:
  void Abandon() override { ++abandoned; }
  int abandoned = 0;
};

TEST(LookupTest, IsCompleteWhenBothFamiliesAreAnswered) {
  Lookup lookup(AF_UNSPEC);
  EXPECT_FALSE(lookup.answered(AF_INET6));
  lookup.Answer(AF_INET6, One("::1"));
  EXPECT_TRUE(lookup.answered(AF_INET6));
  EXPECT_FALSE(lookup.complete());
  lookup.Answer(AF_INET, One("127.0.0.1"));
  EXPECT_TRUE(lookup.complete());
  EXPECT_EQ(lookup.addresses(AF_INET)[0].host(), "127.0.0.1");
}

TEST(LookupTest, AFamilyThatIsNotAskedForIsIgnored) {
  Lookup lookup(AF_INET);
  EXPECT_FALSE(lookup.asks(AF_INET6));
  lookup.Answer(AF_INET6, One("::1"));
  EXPECT_TRUE(lookup.addresses(AF_INET6).empty());
  EXPECT_FALSE(lookup.complete());
  lookup.Answer(AF_INET, One("127.0.0.1"));
  EXPECT_TRUE(lookup.complete());
}

TEST(LookupTest, EachAnswerWakesWhoWaits) {
  FakeWorld world;
  Lookup lookup(AF_UNSPEC);
  FnWaiter& waiter = world.Add();
  waiter.set_body([&] {
    if (!lookup.complete()) world.loop.Park(waiter, lookup);
  });
  world.loop.Park(waiter, lookup);
  world.fake.At(kMillisecond,
                [&] { lookup.Answer(AF_INET, One("127.0.0.1")); });
  world.fake.At(kSecond, [&] { lookup.Answer(AF_INET6, One("::1")); });
  EXPECT_TRUE(world.loop.Run().ok());
  EXPECT_EQ(waiter.runs(), 2);
}

TEST(LookupTest, OneAddressIsNoError) {
  Lookup lookup(AF_UNSPEC);
  lookup.Answer(AF_INET6, NameNotFoundError("x"));
  lookup.Answer(AF_INET, One("127.0.0.1"));
  EXPECT_TRUE(lookup.error().ok());
}

TEST(LookupTest, TellsTheMoreTellingError) {
  const absl::Status errors[] = {NoAddressError("x"),
                                 LookupError("name server failed"),
                                 NameNotFoundError("x")};
  for (int less = 0; less < 3; ++less) {
    for (int more = less; more < 3; ++more) {
      Lookup lookup(AF_UNSPEC);
      lookup.Answer(AF_INET6, errors[less]);
      lookup.Answer(AF_INET, errors[more]);
      EXPECT_EQ(lookup.error(), errors[more]);
      Lookup other(AF_UNSPEC);
      other.Answer(AF_INET6, errors[more]);
      other.Answer(AF_INET, errors[less]);
      EXPECT_EQ(other.error(), errors[more]);
    }
  }
}

TEST(LookupTest, OneErrorMayBeForAll) {
  Lookup lookup(AF_UNSPEC);
  lookup.Fail(LookupError("name server failed"));
  EXPECT_TRUE(lookup.complete());
  EXPECT_EQ(lookup.error().message(), "name server failed");
}

TEST(LookupTest, TellsItsSourcesWhenItIsDestroyed) {
  Counter v6;
  Counter v4;
  auto lookup = std::make_unique<Lookup>(AF_UNSPEC);
  lookup->Expect(AF_INET6, v6);
  lookup->Expect(AF_INET, v4);
  lookup->Answer(AF_INET6, One("::1"));
  lookup.reset();
  EXPECT_EQ(v6.abandoned, 0) << "it has answered";
  EXPECT_EQ(v4.abandoned, 1);
}

TEST(LookupTest, SaysWhatItWaitsFor) {
  Lookup lookup(AF_UNSPEC);
  lookup.SetName("x.test");
  EXPECT_EQ(lookup.Describe(), "the addresses of \"x.test\"");
}

TEST(LookupTest, NoAddressesAreAnError) {
  EXPECT_EQ(SomeAddresses({}, "x").status(), NoAddressError("x"));
  EXPECT_EQ(SomeAddresses(One("::1"), "x")->size(), 1u);
}

}  // namespace
}  // namespace lev
