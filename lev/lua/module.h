// The Lua modules: what `require "lev"`, `require "lev.core"` and
// `require "lev.test"` return.

#ifndef LEV_LUA_MODULE_H_
#define LEV_LUA_MODULE_H_

#include "lev/lua/lua_compat.h"

#define LEV_VERSION "0.2.0"

// Pushes the module's table, always the same. No side effect beyond the Lua
// state.
extern "C" __attribute__((visibility("default"))) int luaopen_lev(lua_State* L);

// The same for lev.core, and for lev.test.
extern "C" __attribute__((visibility("default"))) int luaopen_lev_core(
    lua_State* L);
extern "C" __attribute__((visibility("default"))) int luaopen_lev_test(
    lua_State* L);

namespace lev::lua {

// Lets scripts `require` all three, which are in the program: no file is looked
// for. May raise.
void PreloadModules(lua_State* L);

}  // namespace lev::lua

#endif  // LEV_LUA_MODULE_H_
