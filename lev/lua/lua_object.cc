#include "lev/lua/lua_object.h"

namespace lev::lua {

// Stack: ..., upvalue 1. Functions share it; `__index` also gets the methods.
void ObjectKind::Register(lua_State* L, const char* name,
                          const luaL_Reg* methods, const luaL_Reg* meta) {
  name_ = name;
  const int upvalue = lua_gettop(L);
  lua_newtable(L);
  const int metatable = upvalue + 1;
  lua_newtable(L);
  const int index = upvalue + 2;
  lua_pushvalue(L, upvalue);
  luaL_setfuncs(L, methods, 1);
  lua_pushstring(L, name);
  lua_setfield(L, metatable, "__name");
  lua_pushliteral(L, "lev");  // What getmetatable shows: hands off.
  lua_setfield(L, metatable, "__metatable");
  lua_pushvalue(L, index);
  lua_setfield(L, metatable, "__index");
  for (const luaL_Reg* entry = meta; entry->name != nullptr; ++entry) {
    lua_pushvalue(L, upvalue);
    lua_pushvalue(L, index);
    lua_pushcclosure(L, entry->func, 2);
    lua_setfield(L, metatable, entry->name);
  }
  lua_pop(L, 1);
  address_ = lua_topointer(L, metatable);
  ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
}

}  // namespace lev::lua
