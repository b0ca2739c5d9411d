// lev.core: the low-level table of the contract.
//
// Its scheduling is Lua on top of lev's tasks (core/core.lua, core/driver.lua,
// which are compiled in); its sockets and processes are lua_core_*.cc.

#ifndef LEV_LUA_LUA_CORE_H_
#define LEV_LUA_LUA_CORE_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Fills the table below the runtime, which is on top of the stack; below both
// is the table of the module lev.
void OpenCore(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CORE_H_
