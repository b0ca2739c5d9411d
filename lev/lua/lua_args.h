// Arguments of Lua functions: checked once, with errors that name the argument
// and what was expected. All but PushMessage may raise, so they come before any
// C++ object with a destructor.

#ifndef LEV_LUA_LUA_ARGS_H_
#define LEV_LUA_LUA_ARGS_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "absl/strings/string_view.h"
#include "lev/loop/clock.h"
#include "lev/lua/lua_compat.h"

namespace lev::lua {

// Adds functions to the table below the runtime, which is on top of the stack
// and becomes their upvalue.
void AddFunctions(lua_State* L, const luaL_Reg* functions);

// A number of seconds, not negative and not NaN, as nanoseconds, rounded up;
// what is too large to count (math.huge) is kNever. `what` names it in errors.
Nanos CheckSeconds(lua_State* L, int index, int argument, const char* what);

// An integer from `low` to `high`.
lua_Integer CheckInteger(lua_State* L, int argument, lua_Integer low,
                         lua_Integer high);

// A string (not a number).
absl::string_view CheckString(lua_State* L, int argument);

// A table, or nothing, whose keys are all among `known`.
void CheckOptions(lua_State* L, int argument,
                  std::initializer_list<const char*> known);

// The option `name` of the table at `index`: an integer from 0 to `most`, or
// `otherwise` if there is none.
int IntegerOption(lua_State* L, int index, const char* name, int most,
                  int otherwise);

// The argument at `index`, nothing | seconds | {timeout=, cancel=, and those
// in `more`}, becomes what a verb's driver expects (Verb::wait): the stack is
// cut there and gets timeout and token. `otherwise` is the timeout when
// none is given.
void NormalizeWait(lua_State* L, int index, Nanos otherwise = kNever,
                   std::initializer_list<const char*> more = {});

// Pushes the text of an error value. Raises nothing, so that its callers may
// own C++ objects: without memory it pushes Lua's own text about that.
void PushMessage(lua_State* L, absl::string_view text);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_ARGS_H_
