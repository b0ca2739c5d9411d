// Signals and scripted programs of lev.test.
//
// A program is a Lua function; each process that runs it is a task of the root
// scope, and ends with it. Its streams are sockets like all others, and parts
// of the process: nobody has to close them.

#ifndef LEV_LUA_LUA_TEST_PROCESS_H_
#define LEV_LUA_LUA_TEST_PROCESS_H_

#include "lev/lua/lua_compat.h"
#include "lev/testing/memory_host.h"

namespace lev::lua {

class Runtime;

// The host has crashed: what its own tasks did is undone, and what they have
// left is no fault of theirs. Raises nothing.
void ForgetHost(Runtime& runtime, MemoryHost& host);

// Adds what lev.test needs for them to the table below the runtime, which is on
// top of the stack. A host is its name.
void OpenTestProcesses(lua_State* L);

// The host that is named at `argument` of the function that runs; raises if
// there is none, or no run.
MemoryHost& CheckTestHost(lua_State* L, int argument);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TEST_PROCESS_H_
