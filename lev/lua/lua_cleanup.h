// lev.own, lev.defer, lev.disown, and the running of what they registered.

#ifndef LEV_LUA_LUA_CLEANUP_H_
#define LEV_LUA_LUA_CLEANUP_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class LuaTask;
class Runtime;

// Adds the functions to the table below the runtime, which is on top.
void OpenCleanups(lua_State* L, Runtime& runtime);

// A coroutine body: runs the cleanups of the task that runs now, youngest
// first; they may suspend. Errors are logged. Argument: the runtime, as a
// light userdata. No results.
int RunCleanups(lua_State* L);

// The same for a task without a coroutine; they cannot suspend.
void RunCleanupsNow(lua_State* L, Runtime& runtime, LuaTask& task);

// Logs the error on top of the stack, which a cleanup of the task raised.
void LogCleanupError(lua_State* L, Runtime& runtime, const LuaTask& task);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CLEANUP_H_
