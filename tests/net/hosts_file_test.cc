#include "lev/net/hosts_file.h"

#include <sys/socket.h>

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lev {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HostsFileTest : public testing::Test {
 protected:
  void Write(const std::string& text) { std::ofstream(path_) << text; }

  // IPv6 first; empty if the file does not know `name`.
  std::vector<std::string> Ask(const std::string& name,
                               int family = AF_UNSPEC) {
    Lookup lookup(family);
    std::vector<std::string> hosts;
    const bool known = file_.Ask(name, 80, lookup);
    EXPECT_EQ(known, lookup.complete());
    for (const int one : {AF_INET6, AF_INET}) {
      for (const Address& address : lookup.addresses(one)) {
        EXPECT_EQ(address.port(), 80);
        hosts.push_back(address.host());
      }
    }
    return hosts;
  }

  const std::string path_ =
      testing::TempDir() + "/hosts_" +
      testing::UnitTest::GetInstance()->current_test_info()->name();
  HostsFile file_{path_};
};

TEST_F(HostsFileTest, KnowsEachNameOfALine) {
  Write("127.0.0.5 five.test five\n\t::6   six.test\tsix  # seven\n");
  EXPECT_THAT(Ask("five.test"), ElementsAre("127.0.0.5"));
  EXPECT_THAT(Ask("five"), ElementsAre("127.0.0.5"));
  EXPECT_THAT(Ask("six"), ElementsAre("::6"));
  EXPECT_THAT(Ask("seven"), IsEmpty());
  EXPECT_THAT(Ask("127.0.0.5"), IsEmpty());
}

TEST_F(HostsFileTest, ANameMayHaveSeveralAddresses) {
  Write("127.0.0.1 x\n::1 x\n127.0.0.2 x\n");
  EXPECT_THAT(Ask("x"), ElementsAre("::1", "127.0.0.1", "127.0.0.2"));
  EXPECT_THAT(Ask("x", AF_INET6), ElementsAre("::1"));
}

TEST_F(HostsFileTest, NamesAreTheSameInUpperCaseAndWithADot) {
  Write("127.0.0.1 Mixed.Test\n");
  EXPECT_THAT(Ask("mIXED.tEST"), ElementsAre("127.0.0.1"));
  EXPECT_THAT(Ask("mixed.test."), ElementsAre("127.0.0.1"));
}

TEST_F(HostsFileTest, DecidesForTheFamilyItLacks) {
  Write("127.0.0.1 x\n");
  Lookup lookup(AF_UNSPEC);
  EXPECT_TRUE(file_.Ask("x", 80, lookup));
  EXPECT_TRUE(lookup.complete());
}

TEST_F(HostsFileTest, LeavesALookupAloneThatWantsTheOtherFamily) {
  Write("127.0.0.1 x\n");
  EXPECT_THAT(Ask("x", AF_INET6), IsEmpty());
}

TEST_F(HostsFileTest, PassesOverWhatIsNoLine) {
  Write("\n#127.0.0.1 x\n256.0.0.1 x\nnonsense\n127.0.0.1\n127.0.0.2 y");
  EXPECT_THAT(Ask("x"), IsEmpty());
  EXPECT_THAT(Ask("y"), ElementsAre("127.0.0.2"));
}

TEST_F(HostsFileTest, IsReadAgainWhenItHasChanged) {
  EXPECT_THAT(Ask("x"), IsEmpty()) << "there is no file yet";
  Write("127.0.0.1 x\n");
  EXPECT_THAT(Ask("x"), ElementsAre("127.0.0.1"));
  Write("127.0.0.11 x\n");
  EXPECT_THAT(Ask("x"), ElementsAre("127.0.0.11"));
}

}  // namespace
}  // namespace lev
