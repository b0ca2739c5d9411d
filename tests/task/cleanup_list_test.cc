#include "lev/task/cleanup_list.h"

#include <memory>
#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace lev {
namespace {

// Pops everything.
std::string Drain(CleanupList<char>& list) {
  std::string letters;
  while (const std::optional<char> entry = list.Pop()) letters += *entry;
  return letters;
}

CleanupList<char>& Fill(CleanupList<char>& list, const std::string& letters) {
  for (const char letter : letters) list.Push(letter);
  return list;
}

TEST(CleanupListTest, TheLastInIsTheFirstOut) {
  CleanupList<char> list;
  EXPECT_EQ(Drain(Fill(list, "abc")), "cba");
}

TEST(CleanupListTest, AnEmptyListHasNothing) {
  CleanupList<char> list;
  EXPECT_TRUE(list.empty());
  EXPECT_FALSE(list.Pop().has_value());
}

TEST(CleanupListTest, IsEmptyOnceAllWasPopped) {
  CleanupList<char> list;
  Fill(list, "a");
  EXPECT_FALSE(list.empty());
  list.Pop();
  EXPECT_TRUE(list.empty());
}

TEST(CleanupListTest, AnEntryPushedWhileOthersPopComesNext) {
  CleanupList<char> list;
  Fill(list, "ab");
  EXPECT_EQ(list.Pop(), 'b');
  list.Push('x');
  EXPECT_EQ(Drain(list), "xa");
}

TEST(CleanupListTest, TakeLeavesTheRestInOrder) {
  for (const char taken : {'a', 'b', 'c'}) {
    CleanupList<char> list;
    Fill(list, "abc");

    EXPECT_EQ(list.Take([&](char entry) { return entry == taken; }), taken);

    std::string rest = "cba";
    rest.erase(rest.find(taken), 1);
    EXPECT_EQ(Drain(list), rest);
  }
}

TEST(CleanupListTest, TakesTheYoungestThatMatches) {
  CleanupList<std::string> list;
  for (const char* entry : {"a1", "b1", "a2", "b2"}) list.Push(entry);

  EXPECT_EQ(list.Take([](const std::string& s) { return s[0] == 'a'; }), "a2");
  EXPECT_EQ(list.Take([](const std::string& s) { return s[0] == 'a'; }), "a1");
}

TEST(CleanupListTest, TakesNothingWhenNothingMatches) {
  CleanupList<char> list;
  Fill(list, "abc");
  EXPECT_FALSE(list.Take([](char) { return false; }).has_value());
  EXPECT_EQ(Drain(list), "cba");
}

TEST(CleanupListTest, EntriesMayBeMoveOnly) {
  CleanupList<std::unique_ptr<int>> list;
  list.Push(std::make_unique<int>(1));
  list.Push(std::make_unique<int>(2));

  const auto one = list.Take([](const auto& entry) { return *entry == 1; });

  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(**one, 1);
  EXPECT_EQ(**list.Pop(), 2);
}

}  // namespace
}  // namespace lev
