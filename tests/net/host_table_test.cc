#include "lev/net/host_table.h"

#include <sys/socket.h>

#include "gtest/gtest.h"
#include "lev/net/lookup.h"

namespace lev {
namespace {

class HostTableTest : public testing::Test {
 protected:
  HostTableTest() {
    table_.Add("both.test", *Address::Parse("10.0.0.1", 0));
    table_.Add("both.test", *Address::Parse("fd00::1", 0));
    table_.Add("Four.Test", *Address::Parse("10.0.0.4", 0));
  }

  HostTable table_;
};

TEST_F(HostTableTest, ANameHasAllItsAddresses) {
  Lookup lookup(AF_UNSPEC);
  EXPECT_TRUE(table_.Ask("both.test", 80, lookup));
  EXPECT_EQ(lookup.addresses(AF_INET)[0].ToString(), "10.0.0.1:80");
  EXPECT_EQ(lookup.addresses(AF_INET6)[0].ToString(), "[fd00::1]:80");
}

TEST_F(HostTableTest, CaseAndTheLastDotDoNotMatter) {
  Lookup lookup(AF_INET);
  EXPECT_TRUE(table_.Ask("fOUR.test.", 80, lookup));
}

TEST_F(HostTableTest, WhatIsNotThereIsLeftToOthersToAnswer) {
  Lookup lookup(AF_INET);
  EXPECT_FALSE(table_.Ask("none.test", 80, lookup));
  EXPECT_FALSE(lookup.complete());
}

TEST_F(HostTableTest, WhereThereAreNoOthersItIsAnErrorInWords) {
  Lookup none(AF_INET);
  table_.Answer("none.test", 80, none);
  EXPECT_EQ(none.error().message(), "name not found: \"none.test\"");
  Lookup six(AF_INET6);
  table_.Answer("four.test", 80, six);
  EXPECT_EQ(six.error().message(), "no address for \"four.test\"");
}

TEST_F(HostTableTest, WhatIsRemovedIsNotThere) {
  table_.Remove("both.test");
  Lookup lookup(AF_INET);
  EXPECT_FALSE(table_.Ask("both.test", 80, lookup));
}

}  // namespace
}  // namespace lev
