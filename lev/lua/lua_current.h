// What the running task knows and decides of itself: lev.current, lev.locals,
// lev.checkpoint, lev.shield.

#ifndef LEV_LUA_LUA_CURRENT_H_
#define LEV_LUA_LUA_CURRENT_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Adds the functions to the table below the runtime, which is on top of the
// stack.
void OpenCurrent(lua_State* L, Runtime& runtime);

// The task to come whose userdata is on top of the stack gets a copy of the
// locals of the one that runs. False if that has none. May raise.
bool InheritLocals(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CURRENT_H_
