// The UDP sockets of lev.core.

#ifndef LEV_LUA_LUA_CORE_UDP_H_
#define LEV_LUA_LUA_CORE_UDP_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kind, and adds udp_new to the table below the runtime, which
// is on top of the stack.
void OpenCoreUdp(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CORE_UDP_H_
