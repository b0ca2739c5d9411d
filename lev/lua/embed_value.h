// What passes between a host and its scripts: plain values, copied.
//
// Tables, functions and objects do not pass; a host that wants them uses Lua's
// own interface.

#ifndef LEV_LUA_EMBED_VALUE_H_
#define LEV_LUA_EMBED_VALUE_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

struct lua_State;

namespace lev {

// nil, a boolean, an integer, a number, a string.
using LuaValue =
    std::variant<std::monostate, bool, int64_t, double, std::string>;
using LuaValues = std::vector<LuaValue>;

namespace lua {

// Pushes one that there is room for. May raise.
void PushValue(lua_State* L, const LuaValue& value);

// Whether the value at `index` can be read.
bool IsPlain(lua_State* L, int index);
// Reads it; it IsPlain. Raises nothing.
LuaValue ReadValue(lua_State* L, int index);

// Reads the values from `first` to `last`. Raises nothing. Error: names `what`
// and the first that is not plain.
absl::Status ReadValues(lua_State* L, int first, int last,
                        absl::string_view what, LuaValues& values);

}  // namespace lua
}  // namespace lev

#endif  // LEV_LUA_EMBED_VALUE_H_
