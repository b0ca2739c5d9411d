// Holds lev's own sources to the rules.

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "tests/tidy/rules.h"

namespace lev::tidy {
namespace {

namespace fs = std::filesystem;

// The folder that holds the sources this test was built from.
std::string Root() {
  const char* const runfiles = std::getenv("TEST_SRCDIR");
  const char* const workspace = std::getenv("TEST_WORKSPACE");
  if (runfiles == nullptr || workspace == nullptr) return ".";
  const fs::path link =
      fs::path(runfiles) / workspace / "tests/tidy/BUILD.bazel";
  return fs::canonical(link).parent_path().parent_path().parent_path();
}

const SourceTree& Tree() {
  static const auto* const tree = new SourceTree(SourceTree::Read(Root()));
  return *tree;
}

void ExpectNone(const Findings& findings) {
  std::string all;
  for (const std::string& finding : findings) all += "\n" + finding;
  if (!all.empty()) FAIL() << all;
}

TEST(TreeTest, TheSourcesAreFound) {
  EXPECT_TRUE(Tree().Has("lev/loop/event_loop.cc")) << "not in " << Root();
  EXPECT_TRUE(Tree().Has("tests/tidy/tree_test.cc"));
  EXPECT_TRUE(Tree().Has("tests/lua/run.sh"));
}

TEST(TreeTest, RoomsIncludeOnlyWhatTheyMay) {
  ExpectNone(CheckIncludes(Tree()));
}

TEST(TreeTest, NothingIsOverItsBudget) { ExpectNone(CheckSizes(Tree())); }

TEST(TreeTest, NobodyUsesABannedWord) { ExpectNone(CheckWords(Tree())); }

TEST(TreeTest, HeadersSayWhatTheyAreAndAreGuarded) {
  ExpectNone(CheckHeaders(Tree()));
}

TEST(TreeTest, NobodyElseSuspends) { ExpectNone(CheckSuspension(Tree())); }

TEST(TreeTest, EverySourceHasItsTest) { ExpectNone(CheckTests(Tree())); }

}  // namespace
}  // namespace lev::tidy
