// lev.run and lev.stop, and the running of the program's file.

#ifndef LEV_LUA_LUA_RUN_H_
#define LEV_LUA_LUA_RUN_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;
struct RunOptions;

// Adds the functions to the table below the runtime, which is on top.
void OpenRun(lua_State* L, Runtime& runtime);

// lev.run, whose caller is the one of the C function that calls this last.
int Run(lua_State* L);

// The same as RunProgram, with options of lev.test.run. A hang, or something
// left open, is nil and a message, too.
int RunTest(lua_State* L, Runtime& runtime, const RunOptions& options,
            bool& ok);

// Runs the function at index 1 with the arguments above it as the main task
// of a new run, named `name`. Leaves what lev.run returns, and returns its
// count; `ok` says whether it succeeded. Protect it: it may raise.
int RunProgram(lua_State* L, Runtime& runtime, const char* name, bool& ok);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_RUN_H_
