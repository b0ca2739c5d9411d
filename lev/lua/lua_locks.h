// Mutexes, read-write locks and conditions as Lua sees them.
//
// They belong to tasks: only the holder unlocks, and from a task that ends
// with locks in its hands they are taken, which is logged.

#ifndef LEV_LUA_LUA_LOCKS_H_
#define LEV_LUA_LUA_LOCKS_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kinds, and adds lev.mutex and lev.condition to the table below
// the runtime, which is on top of the stack.
void OpenMutexes(lua_State* L, Runtime& runtime);

// For the operation of condition:wait: adds condition_wait and its twin, which
// do not lock the mutex again, and relock, which does.
void AddConditionWait(lua_State* L);

// The same as OpenMutexes for lev.rwlock.
void OpenRwLocks(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_LOCKS_H_
