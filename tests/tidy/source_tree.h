// The sources as the tidy rules see them: lines as written, and the same
// lines as code, without comments and without what stands between quotes.
//
// A tree is read from a directory, or made up by a test.

#ifndef TESTS_TIDY_SOURCE_TREE_H_
#define TESTS_TIDY_SOURCE_TREE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lev::tidy {

struct Source {
  std::string path;  // "lev/net/error.cc"
  std::vector<std::string> lines;
  std::vector<std::string> code;  // C++ only; elsewhere equal to `lines`.

  bool In(std::string_view folder) const { return path.starts_with(folder); }
  bool Is(std::string_view extension) const {
    return path.ends_with(extension);
  }
  bool IsCpp() const { return Is(".h") || Is(".cc"); }
  // "net" for lev/net/error.cc; empty outside of lev/.
  std::string Room() const;
};

class SourceTree {
 public:
  // The .h, .cc, .lua and .sh files of lev, tests and bench below `root`.
  static SourceTree Read(const std::string& root);

  void Add(const std::string& path, std::string_view text);

  bool Has(const std::string& path) const { return sources_.contains(path); }
  const std::map<std::string, Source>& sources() const { return sources_; }

 private:
  std::map<std::string, Source> sources_;
};

// True if `word` stands in `line` and is not a part of a longer name.
bool ContainsWord(std::string_view line, std::string_view word);

}  // namespace lev::tidy

#endif  // TESTS_TIDY_SOURCE_TREE_H_
