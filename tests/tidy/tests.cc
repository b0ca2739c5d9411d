// Every source has its test.

#include "tests/tidy/rules.h"

namespace lev::tidy {
namespace {

constexpr std::string_view kTests = "Tests ";

bool IsTest(const Source& source) {
  return source.In("tests/") &&
         (source.Is("_test.cc") || source.Is("_test.sh") ||
          source.Is("_spec.lua"));
}

// lev/net/error.cc -> tests/net/error
std::string MirrorOf(const std::string& path) {
  const size_t begin = std::string_view("lev").size();
  return "tests" + path.substr(begin, path.rfind('.') - begin);
}

// The folder of tests/net/error_test.cc, "tests/net/".
std::string_view FolderOf(std::string_view path) {
  return path.substr(0, path.rfind('/') + 1);
}

// A comment of `test` begins with "Tests" and names `path`; it may go on over
// several lines.
bool ClaimsToTest(const Source& test, const std::string& path) {
  bool within = false;
  for (const std::string& line : test.lines) {
    const bool comment = line.starts_with("//") || line.starts_with("--") ||
                         line.starts_with("#");
    if (!comment) within = false;
    if (comment && line.find(kTests) != line.npos) within = true;
    if (within && ContainsWord(line, path)) return true;
  }
  return false;
}

bool IsTested(const SourceTree& tree, const std::string& path) {
  const std::string mirror = MirrorOf(path);
  if (tree.Has(mirror + "_test.cc") || tree.Has(mirror + "_test.sh")) {
    return true;
  }
  for (const auto& [name, test] : tree.sources()) {
    if (IsTest(test) && FolderOf(name) == FolderOf(mirror) &&
        ClaimsToTest(test, path)) {
      return true;
    }
  }
  return false;
}

}  // namespace

Findings CheckTests(const SourceTree& tree) {
  Findings findings;
  for (const auto& [path, source] : tree.sources()) {
    if (!source.In("lev/") || !source.Is(".cc")) continue;
    if (IsTested(tree, path)) continue;
    findings.push_back(path + ":1: no " + MirrorOf(path) +
                       "_test.cc, and no test beside it says \"Tests " + path +
                       "\"");
  }
  return findings;
}

}  // namespace lev::tidy
