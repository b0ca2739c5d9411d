#include "lev/lua/lua_args.h"

#include <cmath>

#include "lev/lua/lua_token.h"

namespace lev::lua {
namespace {

// Beyond this many seconds a wait is for ever (it is more than 292 years).
constexpr double kMostSeconds = 9.2e9;

bool IsKnown(absl::string_view key, std::initializer_list<const char*> known) {
  for (const char* name : known) {
    if (key == name) return true;
  }
  return false;
}

// The key on top of the stack.
void CheckKey(lua_State* L, int argument,
              std::initializer_list<const char*> known,
              std::initializer_list<const char*> more = {}) {
  if (lua_type(L, -1) == LUA_TSTRING) {
    size_t size;
    const char* const data = lua_tolstring(L, -1, &size);
    if (IsKnown({data, size}, known) || IsKnown({data, size}, more)) return;
  }
  const char* const key = luaL_tolstring(L, -1, nullptr);
  luaL_argerror(L, argument, lua_pushfstring(L, "unknown option '%s'", key));
}

// The wait options of the table at `index`, pushed: timeout and token.
void PushWaitOptions(lua_State* L, int index, Nanos otherwise) {
  lua_getfield(L, index, "timeout");
  const Nanos timeout =
      lua_isnil(L, -1) ? otherwise : CheckSeconds(L, -1, index, "timeout");
  lua_pop(L, 1);
  lua_pushinteger(L, timeout);
  if (lua_getfield(L, index, "cancel") != LUA_TNIL &&
      TestToken(L, -1) == nullptr) {
    const char* const type = luaL_typename(L, -1);
    luaL_argerror(L, index,
                  lua_pushfstring(L,
                                  "cancel: lev.cancel_token expected, got "
                                  "%s",
                                  type));
  }
}

int PushText(lua_State* L) {
  const auto& text = *static_cast<absl::string_view*>(lua_touserdata(L, 1));
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

}  // namespace

void AddFunctions(lua_State* L, const luaL_Reg* functions) {
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -2);
  luaL_setfuncs(L, functions, 1);
  lua_pop(L, 1);
}

Nanos CheckSeconds(lua_State* L, int index, int argument, const char* what) {
  if (lua_type(L, index) != LUA_TNUMBER) {
    const char* const type = luaL_typename(L, index);
    luaL_argerror(L, argument,
                  lua_pushfstring(L, "%s: number of seconds expected, got %s",
                                  what, type));
  }
  const double seconds = lua_tonumber(L, index);
  // Written so that NaN fails, too.
  if (!(seconds >= 0)) {
    luaL_argerror(L, argument,
                  lua_pushfstring(L, "%s: must not be negative or NaN, is %f",
                                  what, seconds));
  }
  if (seconds >= kMostSeconds) return kNever;
  return static_cast<Nanos>(std::ceil(seconds * kSecond));
}

lua_Integer CheckInteger(lua_State* L, int argument, lua_Integer low,
                         lua_Integer high) {
  luaL_checktype(L, argument, LUA_TNUMBER);
  const lua_Integer value = luaL_checkinteger(L, argument);
  if (value < low || value > high) {
    luaL_argerror(
        L, argument,
        lua_pushfstring(L, "must be from %I to %I, is %I", low, high, value));
  }
  return value;
}

absl::string_view CheckString(lua_State* L, int argument) {
  luaL_checktype(L, argument, LUA_TSTRING);
  size_t size;
  const char* const data = lua_tolstring(L, argument, &size);
  return {data, size};
}

void CheckOptions(lua_State* L, int argument,
                  std::initializer_list<const char*> known) {
  if (lua_isnoneornil(L, argument)) return;
  luaL_checktype(L, argument, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, argument) != 0) {
    lua_pop(L, 1);
    CheckKey(L, argument, known);
  }
}

int IntegerOption(lua_State* L, int index, const char* name, int most,
                  int otherwise) {
  int value = otherwise;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0 ||
        lua_tointeger(L, -1) > most) {
      luaL_argerror(
          L, index,
          lua_pushfstring(L, "%s: integer from 0 to %d expected", name, most));
    }
    value = static_cast<int>(lua_tointeger(L, -1));
  }
  lua_pop(L, 1);
  return value;
}

void NormalizeWait(lua_State* L, int index, Nanos otherwise,
                   std::initializer_list<const char*> more) {
  if (lua_isnoneornil(L, index)) {
    lua_settop(L, index - 1);
    lua_pushinteger(L, otherwise);
    lua_pushnil(L);
    return;
  }
  lua_settop(L, index);
  if (lua_istable(L, index)) {
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
      lua_pop(L, 1);
      CheckKey(L, index, {"timeout", "cancel"}, more);
    }
    PushWaitOptions(L, index, otherwise);
    lua_remove(L, index);
    return;
  }
  const Nanos timeout = CheckSeconds(L, index, index, "timeout");
  lua_pushinteger(L, timeout);
  lua_replace(L, index);
  lua_pushnil(L);
}

void PushMessage(lua_State* L, absl::string_view text) {
  lua_pushcfunction(L, PushText);
  lua_pushlightuserdata(L, &text);
  lua_pcall(L, 1, 1, 0);
}

}  // namespace lev::lua
