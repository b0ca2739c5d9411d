// lev.start: a run that its caller turns, step by step, from a loop of its own.

#ifndef LEV_LUA_LUA_START_H_
#define LEV_LUA_LUA_START_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Adds it to the table below the runtime, which is on top of the stack.
void OpenStart(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_START_H_
