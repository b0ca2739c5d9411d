// `require "lev.test"`: runs in virtual time, on a network in memory.
//
// What it offers is written in Lua (test/test.lua), over the functions that are
// made here.

#ifndef LEV_LUA_LUA_TEST_H_
#define LEV_LUA_LUA_TEST_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Stack: the module lev, the table to fill, the runtime on top.
void OpenTest(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TEST_H_
