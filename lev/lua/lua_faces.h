// The faces: what programs for other systems call, as thin Lua on top of lev
// (faces/*.lua, which are compiled in). `require` finds them once lev is
// loaded; loading one costs nothing before that.

#ifndef LEV_LUA_LUA_FACES_H_
#define LEV_LUA_LUA_FACES_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Enters them in package.preload, where that is free. The runtime is on top of
// the stack, and below it the table of the module lev.
void OpenFaces(lua_State* L, Runtime& runtime);

// For the program lev: the global `std`, whose field `task` is loaded when it
// is first asked for.
void OpenStd(lua_State* L);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_FACES_H_
