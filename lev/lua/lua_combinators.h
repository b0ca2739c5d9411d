// lev.race and lev.all: functions that run as children of a scope, which ends
// with the call.

#ifndef LEV_LUA_LUA_COMBINATORS_H_
#define LEV_LUA_LUA_COMBINATORS_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Adds the functions to the table below the runtime, which is on top of the
// stack.
void OpenCombinators(lua_State* L, Runtime& runtime);

// lev.run at the top level of the program's file: the function at index 1
// runs as the only child of a scope of the task that runs now.
int RunAsScope(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_COMBINATORS_H_
