// Words, headers, and who suspends.

#include <algorithm>
#include <cctype>

#include "tests/tidy/rules.h"

namespace lev::tidy {
namespace {

struct Banned {
  std::string_view word;
  std::string_view instead;
};

// In code.
constexpr Banned kNames[] = {
    {"shared_ptr", "one owner, others borrow"},
    {"weak_ptr", "one owner, others borrow"},
    {"make_shared", "one owner, others borrow"},
    {"dynamic_pointer_cast", "one owner, others borrow"},
    {"enable_shared_from_this", "one owner, others borrow"},
    {"thread_local", "pass the loop"},
    {"using namespace std", "write std::"},
    {"sol::", "the bindings are written by hand"},
    {"std::regex", "it recurses, and is slow"},
    {"std::endl", "\\n"},
    {"#pragma once", "an include guard"},
};

// In code, in lev/ alone.
constexpr Banned kNamesInLev[] = {
    {"std::cout", "nothing prints"},
    {"std::cerr", "nothing prints"},
    {"std::function", "absl::AnyInvocable or absl::FunctionRef"},
};

// Anywhere, comments included.
constexpr Banned kNotes[] = {
    {"TODO", "do it, or write an issue"},
    {"FIXME", "fix it"},
    {"XXX", "say what is the matter"},
    {"HACK", "say what is the matter"},
};

// Each may stand only in one file of lev/.
struct Suspender {
  std::string_view prefix;  // Of a name.
  std::string_view file;
};

constexpr Suspender kSuspenders[] = {
    {"lua_yield", "lev/lua/lua_drive.cc"},
    {"lua_resume", "lev/lua/lua_task.cc"},
    {"await_suspend", "lev/task/co_await.h"},
    {"coroutine_handle", "lev/task/co_await.h"},
};

std::string At(const std::string& path, size_t index) {
  return path + ":" + std::to_string(index + 1) + ": ";
}

// A comment that is a rule, or is underlined with one. Made of #, it is a
// shell script's.
bool IsBanner(std::string_view line) {
  const size_t begin = line.find_first_not_of(' ');
  if (begin == line.npos) return false;
  line.remove_prefix(begin);
  if (!line.starts_with("//") && !line.starts_with("--") &&
      !line.starts_with("#")) {
    return false;
  }
  for (const std::string_view rule :
       {"====", "----", "****", "////", "####", "~~~~"}) {
    if (line.find(rule) != line.npos) return true;
  }
  return false;
}

void CheckLine(const Source& source, size_t i, Findings& findings) {
  const auto check = [&](const Banned& banned, const std::string& text) {
    if (!ContainsWord(text, banned.word)) return;
    findings.push_back(At(source.path, i) + std::string(banned.word) +
                       " is banned: " + std::string(banned.instead));
  };
  for (const Banned& banned : kNames) check(banned, source.code[i]);
  for (const Banned& banned : kNotes) check(banned, source.lines[i]);
  if (source.In("lev/")) {
    for (const Banned& banned : kNamesInLev) check(banned, source.code[i]);
  }
  if (IsBanner(source.lines[i])) {
    findings.push_back(At(source.path, i) + "a banner");
  }
}

std::string GuardOf(const Source& source) {
  std::string guard;
  for (const char c : source.path) {
    const bool name = std::isalnum(static_cast<unsigned char>(c)) != 0;
    guard += name ? static_cast<char>(std::toupper(c)) : '_';
  }
  return guard + "_";
}

bool Mentions(const Source& source, const std::string& line) {
  return std::find(source.lines.begin(), source.lines.end(), line) !=
         source.lines.end();
}

}  // namespace

Findings CheckWords(const SourceTree& tree) {
  Findings findings;
  for (const auto& [path, source] : tree.sources()) {
    // These sources name what they forbid.
    if (source.In("tests/tidy/")) continue;
    for (size_t i = 0; i < source.lines.size(); ++i) {
      CheckLine(source, i, findings);
    }
  }
  return findings;
}

Findings CheckHeaders(const SourceTree& tree) {
  Findings findings;
  for (const auto& [path, source] : tree.sources()) {
    if (!source.Is(".h")) continue;
    if (source.lines.empty() || !source.lines[0].starts_with("// ")) {
      findings.push_back(path + ":1: no comment says what the header is for");
    }
    const std::string guard = GuardOf(source);
    if (!Mentions(source, "#ifndef " + guard) ||
        !Mentions(source, "#define " + guard) ||
        !Mentions(source, "#endif  // " + guard)) {
      findings.push_back(path + ":1: the include guard is not " + guard);
    }
  }
  return findings;
}

Findings CheckSuspension(const SourceTree& tree) {
  Findings findings;
  for (const auto& [path, source] : tree.sources()) {
    if (!source.In("lev/") || !source.IsCpp()) continue;
    for (size_t i = 0; i < source.code.size(); ++i) {
      for (const Suspender& suspender : kSuspenders) {
        if (path == suspender.file) continue;
        if (source.code[i].find(suspender.prefix) == std::string::npos) {
          continue;
        }
        findings.push_back(At(path, i) + std::string(suspender.prefix) +
                           " belongs in " + std::string(suspender.file) +
                           " alone");
      }
    }
  }
  return findings;
}

}  // namespace lev::tidy
