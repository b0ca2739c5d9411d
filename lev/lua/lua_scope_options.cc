#include "lev/lua/lua_scope_options.h"

#include <algorithm>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_runtime.h"

namespace lev::lua {

ScopeOptions CheckScopeOptions(lua_State* L, Runtime& runtime) {
  ScopeOptions options;
  CheckOptions(L, 1, {"deadline", "name", "on_error", "timeout"});
  lua_pushnil(L);
  if (lua_isnil(L, 1)) return options;
  if (lua_getfield(L, 1, "on_error") != LUA_TNIL) {
    const char* const text = lua_tostring(L, -1);
    const absl::string_view policy = text != nullptr ? text : "";
    if (policy == "collect") {
      options.policy = Scope::Policy::kCollect;
    } else if (policy != "cancel") {
      luaL_argerror(L, 1, "on_error: 'cancel' or 'collect' expected");
    }
  }
  if (lua_getfield(L, 1, "deadline") != LUA_TNIL) {
    options.deadline = CheckSeconds(L, -1, 1, "deadline");
  }
  if (lua_getfield(L, 1, "timeout") != LUA_TNIL) {
    const Nanos timeout = CheckSeconds(L, -1, 1, "timeout");
    options.deadline =
        std::min(options.deadline, After(runtime.loop().FreshNow(), timeout));
  }
  lua_pop(L, 4);
  if (lua_getfield(L, 1, "name") != LUA_TNIL &&
      lua_type(L, -1) != LUA_TSTRING) {
    luaL_argerror(L, 1,
                  lua_pushfstring(L, "name: string expected, got %s",
                                  luaL_typename(L, -1)));
  }
  return options;
}

Nanos CheckGrace(lua_State* L, int index) {
  CheckOptions(L, index, {"grace"});
  if (lua_isnil(L, index)) return kSecond;
  Nanos grace = kSecond;
  if (lua_getfield(L, index, "grace") != LUA_TNIL) {
    grace = CheckSeconds(L, -1, index, "grace");
  }
  lua_pop(L, 1);
  return grace;
}

}  // namespace lev::lua
