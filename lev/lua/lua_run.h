// lev.run and lev.stop, the running of the program's file, and the parts of a
// run for who turns the loop otherwise.

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

// The options of lev.run, or nothing; raises for what they cannot be.
RunOptions CheckRunOptions(lua_State* L, int argument);

// Raises unless a run may begin; `name` is who asks.
void CheckMayBegin(lua_State* L, const Runtime& runtime, const char* name);

// Begins a run whose tasks are resumed from `host`. The function at `index`,
// with the arguments above it, is its main task, whose handle is pushed. False,
// with nil and a message pushed, if that fails. May raise, but then there is no
// run.
bool BeginMain(lua_State* L, Runtime& runtime, lua_State& host,
               const RunOptions& options, int index, const char* name);

// What lev.run returns: of the main task, whose handle is at `handle`, after
// the run has ended. Returns the count.
int PushMainOutcome(lua_State* L, int handle);

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
