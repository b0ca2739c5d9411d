#include "lev/lua/lua_scope_kind.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_ref.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task_scope.h"
#include "lev/lua/lua_tasks.h"
#include "lev/lua/lua_token.h"

namespace lev::lua {
namespace {

LuaScope& CheckScope(lua_State* L, int index) {
  return Runtime::Of(L).scope_kind.Check<LuaScope>(L, index);
}

TaskScope& CheckOpen(lua_State* L, const char* verb) {
  TaskScope* const scope = CheckScope(L, 1).scope();
  if (scope == nullptr) luaL_error(L, "%s: the scope has ended", verb);
  return *scope;
}

int ScopeSpawn(lua_State* L) {
  TaskScope& scope = CheckOpen(L, "scope:spawn");
  return SpawnInto(L, Runtime::Of(L), scope, 2);
}

int ScopeCancel(lua_State* L) {
  TaskScope* const scope = CheckScope(L, 1).scope();
  if (scope != nullptr) scope->Cancel(ToReason(L, 2));
  return 0;
}

int ScopeToken(lua_State* L) {
  TaskScope& scope = CheckOpen(L, "scope:token");
  PushChildToken(L, Runtime::Of(L), scope.token());
  return 1;
}

int ScopeDefer(lua_State* L) {
  TaskScope& scope = CheckOpen(L, "scope:defer");
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  LuaRef value = LuaRef::Take(L);
  scope.cleanups().Push({.close = false, .value = std::move(value)});
  return 0;
}

const char* StatusOf(const LuaScope& handle) {
  const TaskScope* const scope = handle.scope();
  if (scope == nullptr) return "closed";
  return scope->cancelled() ? "cancelled" : "open";
}

int ScopeStatus(lua_State* L) {
  lua_pushstring(L, StatusOf(CheckScope(L, 1)));
  return 1;
}

int ScopeIndex(lua_State* L) {
  const LuaScope& handle = CheckScope(L, 1);
  const absl::string_view key = luaL_checkstring(L, 2);
  if (key == "name") {
    lua_getiuservalue(L, 1, kScopeName);
  } else if (key != "deadline") {
    lua_settop(L, 2);
    lua_rawget(L, lua_upvalueindex(2));
  } else if (handle.deadline() == kNever) {
    lua_pushnil(L);
  } else {
    lua_pushnumber(L, static_cast<double>(handle.deadline()) / kSecond);
  }
  return 1;
}

int ScopeToString(lua_State* L) {
  const LuaScope& handle = CheckScope(L, 1);
  lua_pushfstring(L, "lev.scope: %p %s", &handle, StatusOf(handle));
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"spawn", ScopeSpawn}, {"cancel", ScopeCancel}, {"token", ScopeToken},
    {"defer", ScopeDefer}, {"status", ScopeStatus}, {nullptr, nullptr}};

constexpr luaL_Reg kMeta[] = {{"__index", ScopeIndex},
                              {"__tostring", ScopeToString},
                              {"__gc", Collect<&Runtime::scope_kind, LuaScope>},
                              {nullptr, nullptr}};

}  // namespace

void RegisterScopeKind(lua_State* L, Runtime& runtime) {
  runtime.scope_kind.Register(L, "lev.scope", kMethods, kMeta);
}

}  // namespace lev::lua
