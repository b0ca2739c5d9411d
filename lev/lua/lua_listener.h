// Listening sockets as Lua sees them: lev.listen and the listener's methods.

#ifndef LEV_LUA_LUA_LISTENER_H_
#define LEV_LUA_LUA_LISTENER_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kind, and adds lev.listen to the table below the runtime,
// which is on top of the stack.
void OpenListeners(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_LISTENER_H_
