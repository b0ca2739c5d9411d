// lev.connect: a connected socket, made in one call.

#ifndef LEV_LUA_LUA_CONNECT_H_
#define LEV_LUA_LUA_CONNECT_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Adds the function to the table below the runtime, which is on top.
void OpenConnect(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CONNECT_H_
