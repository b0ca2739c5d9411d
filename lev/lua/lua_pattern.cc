// What this file mirrors: the matcher in Lua's lstrlib.c, which reads a pattern
// from left to right. Backtracking does not change which captures are open at
// an item, so one pass over the items sees all that any match could see.

#include "lev/lua/lua_pattern.h"

#include <cstddef>

namespace lev::lua {
namespace {

constexpr int kMostCaptures = 32;  // LUA_MAXCAPTURES
// MAXCCALLS, less the first call: some items match what is behind them in a
// call of their own.
constexpr int kMostNested = 199;

class Checker {
 public:
  explicit Checker(absl::string_view pattern) : rest_(pattern) {}

  const char* Check() {
    if (At(0) == '^') Skip(1);
    while (!rest_.empty() && fault_ == nullptr) Item();
    if (fault_ != nullptr) return fault_;
    if (open_count_ > 0) return "unfinished capture";
    return nested_ > kMostNested ? "pattern too complex" : nullptr;
  }

 private:
  char At(size_t index) const {
    return index < rest_.size() ? rest_[index] : '\0';
  }
  void Skip(size_t count) { rest_.remove_prefix(count); }

  void Item() {
    if (At(0) == '(') return OpenCapture();
    if (At(0) == ')') return CloseCapture();
    if (At(0) == '%' && At(1) == 'b') return Balance();
    if (At(0) == '%' && At(1) == 'f') return Frontier();
    if (At(0) == '%' && At(1) >= '0' && At(1) <= '9') return BackReference();
    Class();
    const char suffix = At(0);
    if (suffix != '*' && suffix != '+' && suffix != '-' && suffix != '?')
      return;
    ++nested_;
    Skip(1);
  }

  void OpenCapture() {
    ++nested_;
    if (captures_ == kMostCaptures) {
      fault_ = "too many captures";
      return;
    }
    const bool position = At(1) == ')';
    open_[captures_++] = !position;
    open_count_ += position ? 0 : 1;
    Skip(position ? 2 : 1);
  }

  void CloseCapture() {
    ++nested_;
    int last = captures_ - 1;
    while (last >= 0 && !open_[last]) --last;
    if (last < 0) {
      fault_ = "invalid pattern capture";
      return;
    }
    open_[last] = false;
    --open_count_;
    Skip(1);
  }

  void Balance() {
    if (rest_.size() < 4) {
      fault_ = "malformed pattern (missing arguments to '%b')";
      return;
    }
    Skip(4);
  }

  void Frontier() {
    Skip(2);
    if (At(0) != '[') {
      fault_ = "missing '[' after '%f' in pattern";
      return;
    }
    Set();
  }

  void BackReference() {
    const int number = At(1) - '1';
    if (number < 0 || number >= captures_ || open_[number]) {
      fault_ = "invalid capture index in pattern";
      return;
    }
    Skip(2);
  }

  // One character, an escape or a set.
  void Class() {
    if (At(0) == '[') return Set();
    const bool escape = At(0) == '%';
    if (escape && rest_.size() == 1) {
      fault_ = "malformed pattern (ends with '%')";
      return;
    }
    Skip(escape ? 2 : 1);
  }

  // A "]" that comes first, and one behind "%", belongs to the set.
  void Set() {
    Skip(At(1) == '^' ? 2 : 1);
    do {
      if (rest_.empty()) {
        fault_ = "malformed pattern (missing ']')";
        return;
      }
      const bool escape = At(0) == '%' && rest_.size() > 1;
      Skip(escape ? 2 : 1);
    } while (At(0) != ']');
    Skip(1);
  }

  absl::string_view rest_;
  const char* fault_ = nullptr;
  bool open_[kMostCaptures] = {};
  int captures_ = 0;
  int open_count_ = 0;
  int nested_ = 0;
};

}  // namespace

const char* FindPatternFault(absl::string_view pattern) {
  return Checker(pattern).Check();
}

}  // namespace lev::lua
