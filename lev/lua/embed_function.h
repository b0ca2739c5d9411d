// A coroutine of the host's as a function in Lua.
//
// The call opens a scope on the Lua task, in which the coroutine is a task:
// what happens to the one reaches the other through that.

#ifndef LEV_LUA_EMBED_FUNCTION_H_
#define LEV_LUA_EMBED_FUNCTION_H_

#include <string>
#include <utility>

#include "lev/lua/embed.h"
#include "lev/lua/embed_value.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_runtime.h"

namespace lev::lua {

// Lua may keep the function for longer than there is a host: the runtime owns
// this, and at the end of the run it becomes an error.
class HostFunction final : public Boxed {
 public:
  HostFunction(Runtime& runtime, std::string name, LuaFunction function);

  void EndOfRun() override { function_ = nullptr; }

  // Registers the kind of calls, once. May raise. The runtime is on top of the
  // stack.
  static void OpenCalls(lua_State* L, Runtime& runtime);

  // Protected; a HostFunction is its argument: makes the global function.
  static int Add(lua_State* L);

 private:
  static int Enter(lua_State* L);

  const std::string name_;
  LuaFunction function_;
  const Verb verb_;
  const Verb not_begun_;  // The same in a task that was cancelled before.
};

}  // namespace lev::lua

#endif  // LEV_LUA_EMBED_FUNCTION_H_
