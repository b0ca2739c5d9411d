// The TCP sockets of lev.core.

#ifndef LEV_LUA_LUA_CORE_TCP_H_
#define LEV_LUA_LUA_CORE_TCP_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kind, and adds tcp_new to the table below the runtime, which
// is on top of the stack.
void OpenCoreTcp(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CORE_TCP_H_
