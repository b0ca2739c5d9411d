// What each task does, and what it waits for, as a copy in C++.
//
// Nothing here raises: what may run out of memory is protected, and the
// collector stands still meanwhile, so that no finalizer ends a task that is
// just being looked at.

#ifndef LEV_LUA_LUA_DUMP_H_
#define LEV_LUA_LUA_DUMP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "lev/lua/lua_compat.h"
#include "lev/observe/task_info.h"

namespace lev::lua {

class Runtime;

enum class Tracebacks : uint8_t {
  kNone,
  kSuspended,  // Of the tasks that are suspended.
  kAll,        // Of the one that runs, too.
};

// The live tasks, by id. `here` is the coroutine from within which one looks;
// null if no task runs.
std::vector<TaskInfo> LookAtTasks(Runtime& runtime, lua_State* here,
                                  Tracebacks tracebacks);

// "stack traceback:\n\t...": where `thread` stands.
std::string TracebackOf(Runtime& runtime, lua_State* thread);

// The same for the task that runs now, from within `here`: if that is a
// coroutine which the task has made, both.
std::string TracebackHere(Runtime& runtime, lua_State* here);

enum class DumpFormat : uint8_t { kText, kJson };

// Prints a dump as one text: to the logger, with level "info", or else to
// standard error.
void PrintDump(Runtime& runtime, lua_State* here, DumpFormat format);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_DUMP_H_
