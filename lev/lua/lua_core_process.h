// The child processes of lev.core: subprocess_spawn.

#ifndef LEV_LUA_LUA_CORE_PROCESS_H_
#define LEV_LUA_LUA_CORE_PROCESS_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kind, and adds subprocess_spawn to the table below the runtime,
// which is on top of the stack.
void OpenCoreProcesses(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CORE_PROCESS_H_
