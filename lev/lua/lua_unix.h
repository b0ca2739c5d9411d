// Sockets of the UNIX domain: lev.unix_connect, lev.unix_listen, and what only
// they can do.

#ifndef LEV_LUA_LUA_UNIX_H_
#define LEV_LUA_LUA_UNIX_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// socket:peer_credentials() -> {pid =, uid =, gid =} | nil, err
int PeerCredentialsOf(lua_State* L);

// Adds the functions to the table below the runtime, which is on top.
void OpenUnix(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_UNIX_H_
