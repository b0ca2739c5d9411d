// Datagram sockets of the UNIX domain as Lua sees them: lev.unix_dgram and the
// socket's methods, those of UDP with a path in the place of host and port.

#ifndef LEV_LUA_LUA_UNIX_DGRAM_H_
#define LEV_LUA_LUA_UNIX_DGRAM_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kind, and adds lev.unix_dgram to the table below the runtime,
// which is on top of the stack.
void OpenUnixDgram(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_UNIX_DGRAM_H_
