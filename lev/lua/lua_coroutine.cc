#include "lev/lua/lua_coroutine.h"

#include "absl/strings/string_view.h"
#include "lev/lua/coroutine/coroutine_lua.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {
namespace {

// enter(co) -> the guest until now, or nil: the waits of `co`, which is about
// to be resumed, cannot be passed on from here.
int Enter(lua_State* L) {
  LuaTask* const task = Runtime::Of(L).current();
  lua_State* const co = lua_tothread(L, 1);
  if (co == nullptr || task == nullptr || task->innermost() != L ||
      !lua_isyieldable(L)) {
    return 0;
  }
  lua_pushlightuserdata(L, task->guest());
  task->set_guest(co);
  return 1;
}

// leave(co, guest): co has come back, by itself.
int Leave(lua_State* L) {
  LuaTask* const task = Runtime::Of(L).current();
  if (task != nullptr && task->guest() == lua_tothread(L, 1)) {
    task->set_guest(static_cast<lua_State*>(lua_touserdata(L, 2)));
  }
  return 0;
}

// waits() -> whether a coroutine has come back because a call of lev waits.
int Waits(lua_State* L) {
  const LuaTask* const task = Runtime::Of(L).current();
  lua_pushboolean(L, task != nullptr && task->verb() != nullptr);
  return 1;
}

constexpr luaL_Reg kNative[] = {{"enter", Enter},
                                {"leave", Leave},
                                {"waits", Waits},
                                {"pass", StandStill},
                                {nullptr, nullptr}};

}  // namespace

void OpenCoroutines(lua_State* L, Runtime&) {
  const int own = lua_gettop(L);
  if (luaL_loadbufferx(L, kCoroutineLua.data(), kCoroutineLua.size(),
                       "=lev.coroutine", "t") != LUA_OK) {
    lua_error(L);
  }
  lua_newtable(L);
  lua_pushvalue(L, own);
  AddFunctions(L, kNative);
  lua_pop(L, 1);
  lua_call(L, 1, 1);
  lua_setfield(L, own - 1, "coroutine");
}

}  // namespace lev::lua
