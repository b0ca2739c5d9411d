// Looking inside from Lua: stats, task_tree, task_dump, enable_dump_signal,
// set_logger.

#ifndef LEV_LUA_LUA_OBSERVE_H_
#define LEV_LUA_LUA_OBSERVE_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Adds the functions to the table below the runtime, which is on top.
void OpenObserve(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_OBSERVE_H_
