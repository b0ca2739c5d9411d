// lev.tcp: a bare TCP socket, and the methods that make something of it.

#ifndef LEV_LUA_LUA_TCP_H_
#define LEV_LUA_LUA_TCP_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// socket:bind(addr, port) -> true | nil, err
int BindTcp(lua_State* L);

// socket:connect(addr, port, wait) -> true | nil, err
int ConnectTcp(lua_State* L);

// socket:listen(backlog) -> listener | nil, err
int ListenTcp(lua_State* L);

// Adds lev.tcp to the table below the runtime, which is on top of the stack.
void OpenTcp(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TCP_H_
