#include "tests/tidy/source_tree.h"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace lev::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolders[] = {"lev", "tests", "bench"};

bool IsNameChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Takes comments and literals out of C++, line by line. Line breaks within
// them stay, so that line numbers do.
class CodeOnly {
 public:
  explicit CodeOnly(std::string_view text) : text_(text) {}

  std::string Take() {
    while (at_ < text_.size()) Step();
    return std::move(code_);
  }

 private:
  bool Sees(std::string_view what) const {
    return text_.substr(at_).starts_with(what);
  }

  void Step() {
    if (Sees("//")) {
      SkipUntil("\n", 0);
    } else if (Sees("/*")) {
      at_ += 2;
      SkipUntil("*/", 2);
    } else if (Sees("R\"")) {
      const size_t open = text_.find('(', at_);
      const std::string_view tag = text_.substr(at_ + 2, open - at_ - 2);
      SkipUntil(")" + std::string(tag) + "\"", tag.size() + 2);
    } else if (text_[at_] == '"') {
      SkipQuoted('"');
    } else if (text_[at_] == '\'' && !IsDigitSeparator()) {
      SkipQuoted('\'');
    } else {
      code_ += text_[at_++];
    }
  }

  bool IsDigitSeparator() const {
    return at_ > 0 && IsNameChar(text_[at_ - 1]);
  }

  void SkipUntil(std::string_view end, size_t beyond) {
    const size_t found = text_.find(end, at_);
    const size_t stop = found == text_.npos ? text_.size() : found + beyond;
    for (; at_ < stop; ++at_) {
      if (text_[at_] == '\n') code_ += '\n';
    }
  }

  // Leaves the quotes themselves.
  void SkipQuoted(char quote) {
    code_ += quote;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    code_ += quote;
    ++at_;
  }

  const std::string_view text_;
  size_t at_ = 0;
  std::string code_;
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool IsOurs(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".h" || extension == ".cc" || extension == ".lua" ||
         extension == ".sh";
}

}  // namespace

std::string Source::Room() const {
  if (!In("lev/")) return "";
  const size_t begin = std::string_view("lev/").size();
  return path.substr(begin, path.find('/', begin) - begin);
}

SourceTree SourceTree::Read(const std::string& root) {
  SourceTree tree;
  for (const std::string_view folder : kFolders) {
    const fs::path top = fs::path(root) / folder;
    if (!fs::is_directory(top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      if (!entry.is_regular_file() || !IsOurs(entry.path())) continue;
      std::ifstream in(entry.path());
      std::stringstream text;
      text << in.rdbuf();
      tree.Add(fs::relative(entry.path(), root), text.str());
    }
  }
  return tree;
}

void SourceTree::Add(const std::string& path, std::string_view text) {
  Source source;
  source.path = path;
  source.lines = Lines(std::string(text));
  source.code = source.IsCpp() ? Lines(CodeOnly(text).Take()) : source.lines;
  source.code.resize(source.lines.size());
  sources_[path] = std::move(source);
}

bool ContainsWord(std::string_view line, std::string_view word) {
  for (size_t at = line.find(word); at != line.npos;
       at = line.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins =
        at == 0 || !IsNameChar(line[at - 1]) || !IsNameChar(word.front());
    const bool ends = end == line.size() || !IsNameChar(line[end]) ||
                      !IsNameChar(word.back());
    if (begins && ends) return true;
  }
  return false;
}

}  // namespace lev::tidy
