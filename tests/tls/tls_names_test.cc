#include "lev/tls/tls_names.h"

#include <string>

#include "gtest/gtest.h"

namespace lev {
namespace {

TEST(TlsNamesTest, AnExactNameWinsOverAWildcard) {
  TlsNames names;
  EXPECT_TRUE(names.Add("*.example.org", 0));
  EXPECT_TRUE(names.Add("api.example.org", 1));
  EXPECT_EQ(names.Find("api.example.org"), 1u);
  EXPECT_EQ(names.Find("www.example.org"), 0u);
}

TEST(TlsNamesTest, AWildcardStandsForExactlyOneLabel) {
  TlsNames names;
  EXPECT_TRUE(names.Add("*.example.org", 0));
  EXPECT_EQ(names.Find("a.example.org"), 0u);
  EXPECT_EQ(names.Find("a.b.example.org"), TlsNames::kNone);
  EXPECT_EQ(names.Find("example.org"), TlsNames::kNone);
  EXPECT_EQ(names.Find(".example.org"), TlsNames::kNone);
}

TEST(TlsNamesTest, CaseAndAFinalDotDoNotMatter) {
  TlsNames names;
  EXPECT_TRUE(names.Add("Example.ORG", 7));
  EXPECT_EQ(names.Find("eXAMPLE.org"), 7u);
  EXPECT_EQ(names.Find("example.org."), 7u);
}

TEST(TlsNamesTest, WhatIsNoNameIsRefused) {
  TlsNames names;
  for (const std::string name :
       {"", ".", "a..b", ".a", "a.", "*", "*.", "*a.b", "a.*.b", "**.a", "a b",
        "a/b", "\xc3\xa4.org"}) {
    EXPECT_FALSE(names.Add(name, 0)) << name;
  }
  EXPECT_FALSE(names.Add(std::string("good.org\0.evil.org", 18), 0));
  EXPECT_FALSE(names.Add(std::string(64, 'a') + ".org", 0));
  EXPECT_FALSE(names.Add(std::string(300, 'a'), 0));
}

TEST(TlsNamesTest, ANameThatIsThereAlreadyIsRefused) {
  TlsNames names;
  EXPECT_TRUE(names.Add("example.org", 0));
  EXPECT_FALSE(names.Add("EXAMPLE.org", 1));
  EXPECT_EQ(names.Find("example.org"), 0u);
}

TEST(TlsNamesTest, AddressesAreToldFromNames) {
  EXPECT_TRUE(IsIpAddress("127.0.0.1"));
  EXPECT_TRUE(IsIpAddress("::1"));
  EXPECT_FALSE(IsIpAddress("localhost"));
  EXPECT_FALSE(IsIpAddress("127.0.0"));
  EXPECT_FALSE(IsIpAddress(std::string("::1\0x", 5)));
}

}  // namespace
}  // namespace lev
