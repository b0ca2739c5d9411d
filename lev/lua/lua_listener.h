// Listening sockets as Lua sees them: lev.listen and the listener's methods.

#ifndef LEV_LUA_LUA_LISTENER_H_
#define LEV_LUA_LUA_LISTENER_H_

#include "lev/lua/lua_compat.h"
#include "lev/net/owned_fd.h"
#include "lev/net/unix_socket.h"

namespace lev::lua {

class Runtime;

// Makes a listener of `fd` for the box on top of the stack. `path` is the file
// of a UNIX socket; `pass_fds`: accepted sockets keep descriptors that are sent
// to them. Raises nothing.
void FillListener(lua_State* L, Runtime& runtime, OwnedFd fd,
                  BoundPath path = {}, bool pass_fds = false);

// Registers the kind, and adds lev.listen to the table below the runtime,
// which is on top of the stack.
void OpenListeners(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_LISTENER_H_
