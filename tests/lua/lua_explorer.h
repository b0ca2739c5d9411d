// The module `explorer` of specs: all courses of a program in Lua.
//
// explorer.all(fn) calls fn(choose) once for each course that runs in it may
// take, and returns how many there were; choose(n) is a choice of the program's
// own, from 1 to n. An error of fn ends it, and says which course it was.

#ifndef TESTS_LUA_LUA_EXPLORER_H_
#define TESTS_LUA_LUA_EXPLORER_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

int OpenExplorer(lua_State* L);

}  // namespace lev::lua

#endif  // TESTS_LUA_LUA_EXPLORER_H_
