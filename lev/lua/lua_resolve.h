// Names in Lua: lev.resolve and lev.set_resolver.

#ifndef LEV_LUA_LUA_RESOLVE_H_
#define LEV_LUA_LUA_RESOLVE_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Adds the functions to the table below the runtime, which is on top.
void OpenResolve(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_RESOLVE_H_
