// lev.wait_readable and lev.wait_writable: for descriptors that are not lev's.

#ifndef LEV_LUA_LUA_WAIT_FD_H_
#define LEV_LUA_LUA_WAIT_FD_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Adds the functions to the table below the runtime, which is on top.
void OpenWaitFd(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_WAIT_FD_H_
