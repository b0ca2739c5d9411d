// Budgets. Functions are found by their braces: a block whose surroundings
// are only namespaces and classes, and which follows a parameter list.

#include "tests/tidy/rules.h"

namespace lev::tidy {
namespace {

constexpr size_t kHeaderLines = 250;
constexpr size_t kSourceLines = 400;
constexpr size_t kFunctionLines = 60;
constexpr size_t kColumns = 80;

std::string Over(std::string_view what, size_t is, size_t most) {
  return std::string(what) + " has " + std::to_string(is) + ", more than " +
         std::to_string(most);
}

// Characters rather than bytes of UTF-8.
size_t Columns(std::string_view line) {
  size_t columns = 0;
  for (const char c : line) columns += (c & 0xc0) != 0x80;
  return columns;
}

class FunctionFinder {
 public:
  FunctionFinder(const Source& source, Findings& findings)
      : source_(source), findings_(findings) {}

  void Run() {
    for (line_ = 0; line_ < source_.code.size(); ++line_) {
      const std::string_view code = source_.code[line_];
      if (code.starts_with("#")) continue;
      for (const char c : code) Take(c);
      Take('\n');
    }
  }

 private:
  void Take(char c) {
    switch (c) {
      case '{':
        return Open();
      case '}':
        return Close();
      case ';':
        return head_.clear();
      default:
        // The head of a block begins with its first visible character.
        if (head_.empty() && isspace(static_cast<unsigned char>(c))) return;
        if (head_.empty()) head_line_ = line_;
        head_ += c;
    }
  }

  void Open() {
    const bool transparent = IsScope() && functions_ == 0;
    blocks_.push_back(transparent);
    if (!transparent && functions_++ == 0) {
      is_function_ = head_.find('(') != head_.npos;
      first_line_ = head_line_;
    }
    head_.clear();
  }

  void Close() {
    head_.clear();
    if (blocks_.empty()) return;
    const bool transparent = blocks_.back();
    blocks_.pop_back();
    if (transparent || --functions_ != 0 || !is_function_) return;
    const size_t lines = line_ - first_line_ + 1;
    if (lines <= kFunctionLines) return;
    findings_.push_back(source_.path + ":" + std::to_string(first_line_ + 1) +
                        ": " + Over("function: lines", lines, kFunctionLines));
  }

  bool IsScope() const {
    if (head_.starts_with("extern")) return true;
    for (const char* word : {"namespace", "class", "struct", "union", "enum"}) {
      if (ContainsWord(WithoutParameters(), word)) return true;
    }
    return false;
  }

  // template <class T> void F(struct S s) speaks of no class of its own.
  std::string WithoutParameters() const {
    std::string text;
    int depth = 0;
    for (const char c : head_) {
      if (c == '<' || c == '(') ++depth;
      if (depth == 0) text += c;
      if (c == '>' || c == ')') --depth;
    }
    return text;
  }

  const Source& source_;
  Findings& findings_;
  std::vector<bool> blocks_;  // True: a namespace or a class.
  int functions_ = 0;         // How many of them are not.
  bool is_function_ = false;
  std::string head_;
  size_t line_ = 0;
  size_t head_line_ = 0;
  size_t first_line_ = 0;
};

void CheckLines(const Source& source, Findings& findings) {
  const size_t most = source.Is(".h") ? kHeaderLines : kSourceLines;
  if (source.lines.size() > most) {
    findings.push_back(source.path + ":" + std::to_string(most + 1) + ": " +
                       Over("file: lines", source.lines.size(), most));
  }
  for (size_t i = 0; i < source.lines.size(); ++i) {
    const size_t columns = Columns(source.lines[i]);
    if (columns <= kColumns) continue;
    findings.push_back(source.path + ":" + std::to_string(i + 1) + ": " +
                       Over("line: columns", columns, kColumns));
  }
}

}  // namespace

Findings CheckSizes(const SourceTree& tree) {
  Findings findings;
  for (const auto& [path, source] : tree.sources()) {
    CheckLines(source, findings);
    if (source.IsCpp()) FunctionFinder(source, findings).Run();
  }
  return findings;
}

}  // namespace lev::tidy
