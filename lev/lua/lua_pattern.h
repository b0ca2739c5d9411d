// Whether Lua understands a pattern.
//
// string.find notices a mistake only when it gets there: "a[" is fine until
// the first "a". A call that waits for a match has to know at once.

#ifndef LEV_LUA_LUA_PATTERN_H_
#define LEV_LUA_LUA_PATTERN_H_

#include "absl/strings/string_view.h"

namespace lev::lua {

// What is wrong with it, nearly in Lua's words; null if nothing. A pattern
// without a fault makes string.find raise for no subject.
const char* FindPatternFault(absl::string_view pattern);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_PATTERN_H_
