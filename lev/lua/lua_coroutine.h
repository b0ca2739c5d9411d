// lev.coroutine: coroutines of the user's own in which calls of lev can wait.
//
// Such a wait yields the coroutine, and the one that has resumed it, and so on
// outwards to the task's own, which waits; and is resumed the same way back
// (coroutine/coroutine.lua, which is compiled in). The chain must be unbroken:
// every resumption between the task and the wait is one of lev.coroutine.

#ifndef LEV_LUA_LUA_COROUTINE_H_
#define LEV_LUA_LUA_COROUTINE_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Adds the table `coroutine` to the one below the runtime, which is on top of
// the stack.
void OpenCoroutines(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_COROUTINE_H_
