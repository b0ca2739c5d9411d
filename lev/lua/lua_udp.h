// UDP sockets as Lua sees them: lev.udp and the socket's methods.

#ifndef LEV_LUA_LUA_UDP_H_
#define LEV_LUA_LUA_UDP_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kind, and adds lev.udp to the table below the runtime, which
// is on top of the stack.
void OpenUdp(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_UDP_H_
