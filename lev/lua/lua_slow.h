// Warns of tasks that keep the loop: lev.run(fn, {slow = seconds}).
//
// A task whose Lua code runs for longer than that without suspending is told
// of once, with its traceback. While it still runs, if it runs Lua code: a
// count hook looks at the clock now and then. When it comes back, if it was in
// a C function all the time, or has a hook of its own, which is left alone.
// With a count hook Lua code takes about twice as long, which is why this is
// off by default.
//
// A coroutine which the task makes inherits the hook.

#ifndef LEV_LUA_LUA_SLOW_H_
#define LEV_LUA_LUA_SLOW_H_

#include <string>

#include "lev/loop/clock.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_onlooker.h"
#include "lev/lua/lua_runtime.h"

namespace lev::lua {

class SlowWatch final : public Onlooker {
 public:
  SlowWatch(Runtime& runtime, Nanos limit) : runtime_(runtime), limit_(limit) {}

  void Resuming(LuaTask& task) override;
  void Returned(LuaTask& task) override;
  void Report(LuaTask& task) override;
  void Tick(lua_State* L) override;

 private:
  Nanos Elapsed() const { return runtime_.loop().FreshNow() - began_; }
  void Warn(const LuaTask& task, Nanos took, const std::string& where);

  Runtime& runtime_;
  const Nanos limit_;
  Instant began_ = 0;
  Nanos took_ = 0;       // The resumption that came back last.
  bool warned_ = false;  // In this resumption.
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SLOW_H_
