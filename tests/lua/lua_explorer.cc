#include "tests/lua/lua_explorer.h"

#include <cstddef>
#include <cstdio>
#include <string>

#include "lev/lua/lua_runtime.h"
#include "tests/support/explorer.h"

namespace lev::lua {
namespace {

int Choose(lua_State* L) {
  auto& explorer =
      *static_cast<Explorer*>(lua_touserdata(L, lua_upvalueindex(1)));
  const lua_Integer options = luaL_checkinteger(L, 1);
  const auto chosen = explorer.Choose(static_cast<size_t>(options));
  lua_pushinteger(L, static_cast<lua_Integer>(chosen) + 1);
  return 1;
}

// The function is at 1, and `choose` at 2. False, with the error pushed, if it
// failed. Calls nothing else that may raise.
bool Explore(lua_State* L, Explorer& explorer) {
  do {
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    if (lua_pcall(L, 1, 0, 0) == LUA_OK) continue;
    std::fprintf(stderr, "in the course %s:\n", explorer.Course().c_str());
    return false;
  } while (explorer.Next());
  const std::string complaint = explorer.Complaint();
  if (complaint.empty()) return true;
  lua_pushlstring(L, complaint.data(), complaint.size());
  return false;
}

int All(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  Runtime& runtime = Runtime::Open(L);
  lua_pop(L, 1);
  lua_Integer courses;
  bool ok;
  {
    Explorer explorer;
    lua_pushlightuserdata(L, &explorer);
    lua_pushcclosure(L, Choose, 1);
    runtime.chance = &explorer;
    ok = Explore(L, explorer);
    runtime.chance = nullptr;
    courses = static_cast<lua_Integer>(explorer.courses());
  }
  if (!ok) return lua_error(L);
  lua_pushinteger(L, courses);
  return 1;
}

}  // namespace

int OpenExplorer(lua_State* L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, All);
  lua_setfield(L, -2, "all");
  return 1;
}

}  // namespace lev::lua
