#include "lev/lua/lua_pattern.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "lev/lua/lua_compat.h"

namespace lev::lua {
namespace {

// What string.find raises for the subject, or "".
std::string FindError(lua_State* L, const std::string& subject,
                      const std::string& pattern) {
  lua_getglobal(L, "string");
  lua_getfield(L, -1, "find");
  lua_pushlstring(L, subject.data(), subject.size());
  lua_pushlstring(L, pattern.data(), pattern.size());
  std::string error;
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) error = lua_tostring(L, -1);
  lua_settop(L, 0);
  return error;
}

std::string Fault(absl::string_view pattern) {
  const char* const fault = FindPatternFault(pattern);
  return fault == nullptr ? "" : fault;
}

TEST(FindPatternFaultTest, GoodPatternsHaveNone) {
  for (const char* pattern :
       {"",           "a",     "^",           "$",    "^$",      "^^",
        "$$",         "a$b",   "%%",          "%a+",  "[%a_]*$", "[]]",
        "[^]]",       "[]-a]", "[a-]",        "[%]]", "[^%]]",   "(a)(b)%2%1",
        "((a)(b))%3", "()",    "()a()",       "%bxy", "%b()",    "%f[%w]%w+",
        "%f[^%w]",    "a-b",   "]",           "a]",   "-",       "*",
        "**",         "?*",    "%d?%d*%d+%d-"}) {
    EXPECT_EQ(Fault(pattern), "") << pattern;
  }
}

TEST(FindPatternFaultTest, EachMistakeIsNamed) {
  EXPECT_EQ(Fault("a%"), "malformed pattern (ends with '%')");
  for (const char* open : {"[", "a[", "[a", "[^", "[]", "[^]", "[%]", "[a%"}) {
    EXPECT_EQ(Fault(open), "malformed pattern (missing ']')") << open;
  }
  for (const char* few : {"%b", "%bx", "a%b"}) {
    EXPECT_EQ(Fault(few), "malformed pattern (missing arguments to '%b')");
  }
  EXPECT_EQ(Fault("%f"), "missing '[' after '%f' in pattern");
  EXPECT_EQ(Fault("%fa"), "missing '[' after '%f' in pattern");
  EXPECT_EQ(Fault("a)"), "invalid pattern capture");
  EXPECT_EQ(Fault("())"), "invalid pattern capture");
  EXPECT_EQ(Fault("(a"), "unfinished capture");
  for (const char* index : {"%0", "%1", "(a%1)", "(a)%2"}) {
    EXPECT_EQ(Fault(index), "invalid capture index in pattern") << index;
  }
}

TEST(FindPatternFaultTest, TheLimitsAreLuas) {
  std::string captures;
  for (int i = 0; i < 32; ++i) captures += "()";
  EXPECT_EQ(Fault(captures), "");
  EXPECT_EQ(Fault(captures + "()"), "too many captures");
  std::string optional;
  for (int i = 0; i < 199; ++i) optional += "a?";
  EXPECT_EQ(Fault(optional), "");
  EXPECT_EQ(Fault(optional + "a?"), "pattern too complex");
}

TEST(FindPatternFaultTest, WithinTheLimitsLuaIsContent) {
  lua_State* const L = luaL_newstate();
  luaL_openlibs(L);
  std::string optional;
  for (int i = 0; i < 199; ++i) optional += "a?";
  EXPECT_EQ(FindError(L, std::string(1000, 'a'), optional), "");
  EXPECT_NE(FindError(L, std::string(1000, 'a'), optional + "a?"), "");
  lua_close(L);
}

// Random patterns over what has a meaning, against subjects that get far.
TEST(FindPatternFaultTest, WhatHasNoFaultNeverRaises) {
  lua_State* const L = luaL_newstate();
  luaL_openlibs(L);
  constexpr absl::string_view kLetters = "ab%%%[[]]^$()()*+-?.bf12";
  constexpr absl::string_view kSubjects[] = {
      "", "a", "ab", "aabb", "ba)[]%", "a1b2", "^$", "(ab)(ab)"};
  uint64_t state = 1;
  int faults = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string pattern;
    for (uint64_t size = 1 + i % 7; size > 0; --size) {
      state = state * 6364136223846793005 + 1442695040888963407;
      pattern += kLetters[(state >> 33) % kLetters.size()];
    }
    const bool good = FindPatternFault(pattern) == nullptr;
    faults += good ? 0 : 1;
    for (const absl::string_view subject : kSubjects) {
      const std::string error = FindError(L, std::string(subject), pattern);
      ASSERT_TRUE(!good || error.empty()) << pattern << ": " << error;
    }
  }
  EXPECT_GT(faults, 10'000);
  EXPECT_LT(faults, 90'000);
  lua_close(L);
}

}  // namespace
}  // namespace lev::lua
