// lev.spawn, await, sleep, yield, now, task_name, and the methods of task
// handles.

#ifndef LEV_LUA_LUA_TASKS_H_
#define LEV_LUA_LUA_TASKS_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the task kind, and adds the functions to the table below the
// runtime, which is on top of the stack.
void OpenTasks(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TASKS_H_
