// The program `lev`: runs a Lua file as the main task of lev.run.
//
// Exits with 0; with 1 after an error, which is on standard error then with
// its traceback and where the task was spawned; with 2 when it was called
// wrongly.

#include <cstdio>
#include <cstring>

#include "lev/lua/lua_faces.h"
#include "lev/lua/lua_run.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/module.h"

namespace {

constexpr char kUsage[] =
    "usage: lev [-W] FILE [ARGUMENT...]\n"
    "Runs a Lua file as the main task of an event loop; \"-\" is standard "
    "input.\n"
    "  -W         warnings on, such as of sockets that were never closed\n"
    "  --help     this text\n"
    "  --version  the versions of lev and of Lua\n";

struct CommandLine {
  int count;
  char** words;  // lev, the file, its arguments
  bool warn = false;
  bool ok = false;
};

// The global `arg`, as the standalone Lua has it.
void SetArg(lua_State* L, const CommandLine& line) {
  lua_createtable(L, line.count - 2, 2);
  for (int i = 0; i < line.count; ++i) {
    lua_pushstring(L, line.words[i]);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setglobal(L, "arg");
}

const char* FileTitle(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

void PrintError(lua_State* L, int first) {
  const char* const error = luaL_tolstring(L, first, nullptr);
  std::fprintf(stderr, "lev: %s\n", error);
  if (lua_isstring(L, first + 1)) {
    std::fprintf(stderr, "%s\n", lua_tostring(L, first + 1));
  }
}

// Protected: everything that may raise. Argument: the command line.
int Main(lua_State* L) {
  CommandLine& line = *static_cast<CommandLine*>(lua_touserdata(L, 1));
  luaL_openlibs(L);
  if (line.warn) lua_warning(L, "@on", 0);
  lev::lua::PreloadModules(L);
  lev::lua::Runtime& runtime = lev::lua::Runtime::Open(L);
  // The module registers the kinds of objects which the main task needs.
  luaL_requiref(L, "lev", luaopen_lev, false);
  lev::lua::OpenStd(L);
  SetArg(L, line);
  lua_settop(L, 0);
  const bool standard_input = std::strcmp(line.words[1], "-") == 0;
  const char* const path = standard_input ? nullptr : line.words[1];
  if (luaL_loadfile(L, path) != LUA_OK) return lua_error(L);
  runtime.program_chunk = lua_topointer(L, 1);
  luaL_checkstack(L, line.count + LUA_MINSTACK, "too many arguments");
  for (int i = 2; i < line.count; ++i) lua_pushstring(L, line.words[i]);
  const int results =
      lev::lua::RunProgram(L, runtime, FileTitle(line.words[1]), line.ok);
  if (!line.ok) PrintError(L, lua_gettop(L) - results + 2);
  return 0;
}

int RunFile(int argc, char** argv, bool warn) {
  lua_State* const L = luaL_newstate();
  if (L == nullptr) {
    std::fputs("lev: not enough memory\n", stderr);
    return 1;
  }
  CommandLine line = {.count = argc, .words = argv, .warn = warn};
  lua_pushcfunction(L, Main);
  lua_pushlightuserdata(L, &line);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    line.ok = false;
    std::fprintf(stderr, "lev: %s\n", luaL_tolstring(L, -1, nullptr));
  }
  lua_close(L);
  return line.ok ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool warn = argc > 1 && std::strcmp(argv[1], "-W") == 0;
  if (warn) {
    argv[1] = argv[0];
    ++argv;
    --argc;
  }
  const char* const first = argc > 1 ? argv[1] : "";
  if (std::strcmp(first, "--help") == 0 || std::strcmp(first, "-h") == 0) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (std::strcmp(first, "--version") == 0 || std::strcmp(first, "-v") == 0) {
    std::printf("lev %s (%s)\n", LEV_VERSION, LUA_RELEASE);
    return 0;
  }
  if (argc < 2 || (first[0] == '-' && first[1] != '\0')) {
    if (argc > 1) std::fprintf(stderr, "lev: unknown option '%s'\n", first);
    std::fputs(kUsage, stderr);
    return 2;
  }
  return RunFile(argc, argv, warn);
}
