// A plain Lua interpreter for tests: the standard libraries and lev, linked
// in so that it is instrumented like everything else, and no run begun. There
// is also a module "explorer" (lua_explorer.h).
//
// usage: host FILE [ARGUMENT...]

#include <cstdio>

#include "lev/lua/module.h"
#include "tests/lua/lua_explorer.h"

namespace {

int Main(lua_State* L) {
  const int argc = static_cast<int>(lua_tointeger(L, 1));
  char** const argv = static_cast<char**>(lua_touserdata(L, 2));
  luaL_openlibs(L);
  lev::lua::PreloadModules(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, lev::lua::OpenExplorer);
  lua_setfield(L, -2, "explorer");
  lua_createtable(L, argc, 2);
  for (int i = 0; i < argc; ++i) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setglobal(L, "arg");
  if (luaL_loadfile(L, argv[1]) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

int AddTraceback(lua_State* L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, nullptr), 1);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: host FILE [ARGUMENT...]\n", stderr);
    return 2;
  }
  lua_State* const L = luaL_newstate();
  lua_pushcfunction(L, AddTraceback);
  lua_pushcfunction(L, Main);
  lua_pushinteger(L, argc);
  lua_pushlightuserdata(L, argv);
  const bool ok = lua_pcall(L, 2, 0, 1) == LUA_OK;
  if (!ok) std::fprintf(stderr, "%s\n", lua_tostring(L, -1));
  lua_close(L);
  return ok ? 0 : 1;
}
