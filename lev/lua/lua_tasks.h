// lev.spawn, await, sleep, yield, now, task_name, and the methods of task
// handles.

#ifndef LEV_LUA_LUA_TASKS_H_
#define LEV_LUA_LUA_TASKS_H_

#include "lev/lua/lua_compat.h"

namespace lev {
class Scope;
}

namespace lev::lua {

class Runtime;

// Registers the task kind, and adds the functions to the table below the
// runtime, which is on top of the stack.
void OpenTasks(lua_State* L, Runtime& runtime);

// A spawn into `scope`: the function at index `function`, and its options, or
// nil, above it. Returns the handle, as a C function does.
int SpawnInto(lua_State* L, Runtime& runtime, Scope& scope, int function);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TASKS_H_
