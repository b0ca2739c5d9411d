#include "lev/lua/lua_cleanup.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {
namespace {

int Closed(lua_State*, int, lua_KContext) { return 0; }

// resource:close(), which may suspend.
int CloseResource(lua_State* L) {
  lua_getfield(L, 1, "close");
  lua_pushvalue(L, 1);
  lua_callk(L, 1, 0, 0, Closed);
  return 0;
}

// Takes the youngest cleanup off the task's list and pushes its call;
// returns the number of arguments, or -1 if there is none.
int PushNextCleanup(lua_State* L, LuaTask& task) {
  std::optional<LuaCleanup> cleanup = task.cleanups().Pop();
  if (!cleanup.has_value()) return -1;
  if (cleanup->close) lua_pushcfunction(L, CloseResource);
  cleanup->value.Push(L);
  return cleanup->close ? 1 : 0;
}

int NextCleanup(lua_State* L, int status, lua_KContext context) {
  Runtime& runtime = *static_cast<Runtime*>(lua_touserdata(L, 1));
  LuaTask* const task = runtime.TaskOn(L);
  for (;;) {
    if (status != LUA_OK && status != LUA_YIELD) {
      LogCleanupError(L, runtime, *task);
    }
    lua_settop(L, 1);
    const int arguments = PushNextCleanup(L, *task);
    if (arguments < 0) return 0;
    status = lua_pcallk(L, arguments, 0, 0, context, NextCleanup);
  }
}

bool HasClose(lua_State* L, int index) {
  const bool has = luaL_getmetafield(L, index, "__index") != LUA_TNIL;
  if (has) lua_pop(L, 1);
  if (!has && !lua_istable(L, index)) return false;
  const bool closes = lua_getfield(L, index, "close") != LUA_TNIL;
  lua_pop(L, 1);
  return closes;
}

int Own(lua_State* L) {
  // lev.own(lev.connect(...)): a failure passes through unchanged.
  if (lua_isnoneornil(L, 1)) return lua_gettop(L);
  luaL_argexpected(L, HasClose(L, 1), 1, "an object with a close method");
  LuaTask* const task = Runtime::Of(L).current();
  if (task == nullptr) return lua_gettop(L);
  lua_pushvalue(L, 1);
  LuaRef value = LuaRef::Take(L);
  task->cleanups().Push({.close = true, .value = std::move(value)});
  return lua_gettop(L);
}

int Defer(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  LuaTask* const task = Runtime::Of(L).current();
  if (task == nullptr) return 0;
  lua_settop(L, 1);
  LuaRef value = LuaRef::Take(L);
  task->cleanups().Push({.close = false, .value = std::move(value)});
  return 0;
}

int Disown(lua_State* L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  LuaTask* const task = Runtime::Of(L).current();
  if (task == nullptr) return 1;
  task->cleanups().Take([L](const LuaCleanup& cleanup) {
    cleanup.value.Push(L);
    const bool same = cleanup.close && lua_rawequal(L, 1, -1);
    lua_pop(L, 1);
    return same;
  });
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"own", Own}, {"defer", Defer}, {"disown", Disown}, {nullptr, nullptr}};

}  // namespace

void OpenCleanups(lua_State* L, Runtime&) { AddFunctions(L, kFunctions); }

void LogCleanupError(lua_State* L, Runtime& runtime, const LuaTask& task) {
  const char* const text = lua_tostring(L, -1);
  runtime.logger().Log(
      runtime, "error",
      absl::StrCat("a cleanup of ", task.Describe(),
                   " failed: ", text != nullptr ? text : luaL_typename(L, -1)));
}

int RunCleanups(lua_State* L) { return NextCleanup(L, LUA_OK, 0); }

void RunCleanupsNow(lua_State* L, Runtime& runtime, LuaTask& task) {
  for (;;) {
    const int arguments = PushNextCleanup(L, task);
    if (arguments < 0) return;
    if (lua_pcall(L, arguments, 0, 0) == LUA_OK) continue;
    LogCleanupError(L, runtime, task);
    lua_pop(L, 1);
  }
}

}  // namespace lev::lua
