#include "lev/lua/embed_value.h"

#include "absl/strings/str_cat.h"
#include "lev/lua/lua_compat.h"

namespace lev::lua {

void PushValue(lua_State* L, const LuaValue& value) {
  if (const auto* const truth = std::get_if<bool>(&value)) {
    lua_pushboolean(L, *truth);
  } else if (const auto* const integer = std::get_if<int64_t>(&value)) {
    lua_pushinteger(L, *integer);
  } else if (const auto* const number = std::get_if<double>(&value)) {
    lua_pushnumber(L, *number);
  } else if (const auto* const text = std::get_if<std::string>(&value)) {
    lua_pushlstring(L, text->data(), text->size());
  } else {
    lua_pushnil(L);
  }
}

bool IsPlain(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TNUMBER:
    case LUA_TSTRING:
      return true;
    default:
      return false;
  }
}

LuaValue ReadValue(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      return lua_toboolean(L, index) != 0;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) return int64_t{lua_tointeger(L, index)};
      return double{lua_tonumber(L, index)};
    case LUA_TSTRING: {
      size_t size;
      const char* const data = lua_tolstring(L, index, &size);
      return std::string(data, size);
    }
    default:
      return std::monostate();
  }
}

absl::Status ReadValues(lua_State* L, int first, int last,
                        absl::string_view what, LuaValues& values) {
  for (int i = first; i <= last; ++i) {
    if (!IsPlain(L, i)) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " ", i - first + 1,
                       ": nil, boolean, number or string expected, got ",
                       luaL_typename(L, i)));
    }
    values.push_back(ReadValue(L, i));
  }
  return absl::OkStatus();
}

}  // namespace lev::lua
