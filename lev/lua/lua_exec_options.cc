#include "lev/lua/lua_exec_options.h"

#include <sys/resource.h>

#include <iterator>
#include <limits>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_fds.h"

namespace lev::lua {
namespace {

using Kind = StdioChoice::Kind;

constexpr int kOptions = ExecPlan::kOptions;
constexpr int kMostInt = std::numeric_limits<int>::max();

// Each raises the error of the argument with the options, whose text is made
// like luaL_error's.
template <typename... Values>
void Reject(lua_State* L, const char* format, Values... values) {
  luaL_argerror(L, kOptions, lua_pushfstring(L, format, values...));
}

// Pushes the option; its type.
int Option(lua_State* L, const char* name) {
  if (lua_istable(L, kOptions)) return lua_getfield(L, kOptions, name);
  lua_pushnil(L);
  return LUA_TNIL;
}

bool FlagOption(lua_State* L, const char* name, bool otherwise = false) {
  const bool given = Option(L, name) != LUA_TNIL;
  const bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return given ? value : otherwise;
}

int NumberOption(lua_State* L, const char* name, int most, int otherwise) {
  if (!lua_istable(L, kOptions)) return otherwise;
  return IntegerOption(L, kOptions, name, most, otherwise);
}

// The list at kArgs becomes one of texts.
void CheckArgs(lua_State* L) {
  const bool given = !lua_isnil(L, ExecPlan::kArgs);
  if (given) luaL_checktype(L, ExecPlan::kArgs, LUA_TTABLE);
  const lua_Integer count = given ? luaL_len(L, ExecPlan::kArgs) : 0;
  lua_newtable(L);
  for (lua_Integer i = 1; i <= count; ++i) {
    const int type = lua_geti(L, ExecPlan::kArgs, i);
    if (type != LUA_TSTRING && type != LUA_TNUMBER) {
      luaL_argerror(L, ExecPlan::kArgs,
                    lua_pushfstring(L, "string expected at [%I], got %s", i,
                                    lua_typename(L, type)));
    }
    lua_tostring(L, -1);
    lua_rawseti(L, -2, i);
  }
  lua_replace(L, ExecPlan::kArgs);
}

// The name and the value on top become "NAME=value" in the list below them.
void AddVariable(lua_State* L, lua_Integer place) {
  const int type = lua_type(L, -1);
  const absl::string_view name = lua_tostring(L, -2);
  if (name.empty() || name.find('=') != absl::string_view::npos) {
    Reject(L, "env: '%s' cannot be a name", name.data());
  }
  if (type != LUA_TSTRING && type != LUA_TNUMBER) {
    Reject(L, "env: string expected for '%s', got %s", lua_tostring(L, -2),
           lua_typename(L, type));
  }
  lua_pushliteral(L, "=");
  lua_insert(L, -2);
  lua_concat(L, 3);
  lua_rawseti(L, -2, place);
}

// env: a list of "NAME=value", or a table from names to values, or both.
// Pushes a list.
void PushEnv(lua_State* L) {
  const int type = Option(L, "env");
  if (type == LUA_TNIL) return;
  if (type != LUA_TTABLE) {
    Reject(L, "env: table expected, got %s", lua_typename(L, type));
  }
  const int given = lua_gettop(L);
  lua_newtable(L);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, given));
  lua_Integer place = 0;
  for (lua_Integer i = 1; i <= count; ++i) {
    if (lua_rawgeti(L, given, i) != LUA_TSTRING) {
      Reject(L, "env: 'NAME=value' expected at [%I], got %s", i,
             luaL_typename(L, -1));
    }
    lua_rawseti(L, -2, ++place);
  }
  lua_pushnil(L);
  while (lua_next(L, given) != 0) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      lua_pushvalue(L, given + 1);
      lua_pushvalue(L, -3);
      lua_pushvalue(L, -3);
      AddVariable(L, ++place);
      lua_pop(L, 1);
    } else if (!lua_isinteger(L, -2)) {
      Reject(L, "env: a list or names expected, unexpected key '%s'",
             luaL_tolstring(L, -2, nullptr));
    }
    lua_pop(L, 1);
  }
  lua_remove(L, given);
}

void PushCwd(lua_State* L) {
  const int type = Option(L, "cwd");
  if (type != LUA_TNIL && type != LUA_TSTRING) {
    Reject(L, "cwd: string expected, got %s", lua_typename(L, type));
  }
}

// {file = path, mode = "r" | "w" | "a"}, on top: replaced by the path.
StdioChoice CheckFile(lua_State* L, const char* name, bool input) {
  StdioChoice choice = {Kind::kFile, FileMode::kRead, -1};
  const int table = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    const absl::string_view key =
        lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    if (key != "file" && key != "mode") {
      Reject(L, "%s: unknown option '%s'", name,
             luaL_tolstring(L, -1, nullptr));
    }
  }
  lua_getfield(L, table, "mode");
  const absl::string_view mode =
      lua_isnil(L, -1) ? (input ? "r" : "w") : luaL_tolstring(L, -1, nullptr);
  if (mode != "r" && mode != "w" && mode != "a") {
    Reject(L, "%s: mode 'r', 'w' or 'a' expected", name);
  }
  if (mode == "w") choice.mode = FileMode::kWrite;
  if (mode == "a") choice.mode = FileMode::kAppend;
  if (lua_getfield(L, table, "file") != LUA_TSTRING) {
    Reject(L, "%s: file: string expected, got %s", name, luaL_typename(L, -1));
  }
  lua_replace(L, table);
  lua_settop(L, table);
  return choice;
}

// The value on top, which becomes what Launch needs of it: a path, or nil.
StdioChoice CheckStdioValue(lua_State* L, const char* name, bool input) {
  StdioChoice choice;
  const int value = lua_gettop(L);
  if (lua_type(L, value) == LUA_TSTRING) {
    const absl::string_view word = lua_tostring(L, value);
    if (word == "inherit") choice.kind = Kind::kInherit;
    if (word == "null") choice.kind = Kind::kNull;
    if (word == "pipe" || choice.kind != Kind::kPipe) return choice;
  } else if (lua_istable(L, value) &&
             lua_getfield(L, value, "file") != LUA_TNIL) {
    lua_settop(L, value);
    return CheckFile(L, name, input);
  }
  lua_settop(L, value);
  choice = {Kind::kFd, FileMode::kRead, ToFd(L, value)};
  if (choice.fd < 0) {
    Reject(L,
           "%s: 'pipe', 'inherit', 'null', {file=}, or an open descriptor "
           "expected",
           name);
  }
  return choice;
}

// Pushes what belongs at kFiles + `i`.
StdioChoice CheckStdio(lua_State* L, int i, const ExecPlan& plan, ExecUse use) {
  const bool text_expected = use == ExecUse::kCapture && i == 0;
  const int type = Option(L, StdioName(i));
  if (text_expected && type == LUA_TSTRING) return {};
  if (type != LUA_TNIL) return CheckStdioValue(L, StdioName(i), i == 0);
  StdioChoice choice;
  if (text_expected) choice.kind = Kind::kNull;
  if (plan.terminal) choice.kind = Kind::kTerminal;
  return choice;
}

// pty: true, or {rows=, cols=}.
void CheckTerminal(lua_State* L, ExecPlan& plan) {
  const int type = Option(L, "pty");
  plan.terminal = lua_toboolean(L, -1);
  if (type == LUA_TTABLE) {
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
      const absl::string_view key =
          lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
      const bool valid = lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 &&
                         lua_tointeger(L, -1) <= 65535;
      if (key != "rows" && key != "cols") {
        Reject(L, "pty: unknown option '%s'", luaL_tolstring(L, -2, nullptr));
      }
      if (!valid)
        Reject(L, "pty: %s: integer from 1 to 65535 expected", key.data());
      const auto number = static_cast<uint16_t>(lua_tointeger(L, -1));
      (key == "rows" ? plan.size.rows : plan.size.columns) = number;
      lua_pop(L, 1);
    }
  } else if (type != LUA_TNIL && type != LUA_TBOOLEAN) {
    Reject(L, "pty: true or table expected, got %s", lua_typename(L, type));
  }
  lua_pop(L, 1);
}

struct LimitName {
  absl::string_view name;
  int resource;
};

constexpr LimitName kLimits[] = {{"as", RLIMIT_AS},
                                 {"core", RLIMIT_CORE},
                                 {"cpu", RLIMIT_CPU},
                                 {"data", RLIMIT_DATA},
                                 {"fsize", RLIMIT_FSIZE},
                                 {"memlock", RLIMIT_MEMLOCK},
                                 {"msgqueue", RLIMIT_MSGQUEUE},
                                 {"nice", RLIMIT_NICE},
                                 {"nofile", RLIMIT_NOFILE},
                                 {"nproc", RLIMIT_NPROC},
                                 {"rss", RLIMIT_RSS},
                                 {"rtprio", RLIMIT_RTPRIO},
                                 {"rttime", RLIMIT_RTTIME},
                                 {"sigpending", RLIMIT_SIGPENDING},
                                 {"stack", RLIMIT_STACK}};
static_assert(std::size(kLimits) <= ExecPlan::kMostLimits);

// The limit at `index`: an integer from 0 on, or math.huge.
rlim_t CheckLimit(lua_State* L, int index, const char* name) {
  if (lua_isinteger(L, index) && lua_tointeger(L, index) >= 0) {
    return static_cast<rlim_t>(lua_tointeger(L, index));
  }
  const bool huge =
      lua_type(L, index) == LUA_TNUMBER &&
      lua_tonumber(L, index) == std::numeric_limits<double>::infinity();
  if (!huge) Reject(L, "rlimits: %s: integer from 0 on expected", name);
  return RLIM_INFINITY;
}

// The name and the value on top: a limit, or {soft, hard}.
ResourceLimit CheckNamedLimit(lua_State* L) {
  const char* const name = luaL_tolstring(L, -2, nullptr);
  lua_insert(L, -2);
  ResourceLimit limit = {-1, {}};
  for (const LimitName& known : kLimits) {
    if (lua_type(L, -3) == LUA_TSTRING && known.name == name) {
      limit.resource = known.resource;
    }
  }
  if (limit.resource < 0) Reject(L, "rlimits: unknown option '%s'", name);
  const int value = lua_gettop(L);
  if (lua_istable(L, value)) {
    lua_rawgeti(L, value, 1);
    lua_rawgeti(L, value, 2);
    limit.limit.rlim_cur = CheckLimit(L, value + 1, name);
    limit.limit.rlim_max = CheckLimit(L, value + 2, name);
  } else {
    limit.limit.rlim_cur = limit.limit.rlim_max = CheckLimit(L, value, name);
  }
  lua_settop(L, value - 2);
  return limit;
}

void CheckLimits(lua_State* L, ExecPlan& plan) {
  const int type = Option(L, "rlimits");
  if (type == LUA_TNIL) return lua_pop(L, 1);
  if (type != LUA_TTABLE) {
    Reject(L, "rlimits: table expected, got %s", lua_typename(L, type));
  }
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    plan.limits[plan.limit_count++] = CheckNamedLimit(L);
  }
  lua_pop(L, 1);
}

void CheckKeys(lua_State* L, ExecUse use) {
  if (use == ExecUse::kExec) {
    CheckOptions(L, kOptions,
                 {"cwd", "env", "stderr_to_stdout", "stdin", "stdout", "stderr",
                  "pgroup", "uid", "gid", "rlimits", "pdeathsig", "pty"});
  } else {
    CheckOptions(L, kOptions,
                 {"cwd", "env", "stderr_to_stdout", "stdin", "stdout", "stderr",
                  "pgroup", "uid", "gid", "rlimits", "pdeathsig", "max_size",
                  "timeout", "cancel", "grace"});
  }
}

}  // namespace

const char* StdioName(int i) {
  static const char* const kNames[] = {"stdin", "stdout", "stderr"};
  return kNames[i];
}

ExecPlan CheckExec(lua_State* L, ExecUse use) {
  CheckString(L, ExecPlan::kPath);
  lua_settop(L, kOptions);
  luaL_checkstack(L, 2 * LUA_MINSTACK, nullptr);
  CheckArgs(L);
  CheckKeys(L, use);
  ExecPlan plan;
  plan.new_group = FlagOption(L, "pgroup", use == ExecUse::kCapture);
  plan.uid = NumberOption(L, "uid", kMostInt, -1);
  plan.gid = NumberOption(L, "gid", kMostInt, -1);
  plan.death_signal = NumberOption(L, "pdeathsig", 64, 0);
  if (use == ExecUse::kExec) CheckTerminal(L, plan);
  CheckLimits(L, plan);
  PushEnv(L);
  PushCwd(L);
  for (int i = 0; i < 3; ++i) plan.stdio[i] = CheckStdio(L, i, plan, use);
  if (FlagOption(L, "stderr_to_stdout")) plan.stdio[2].kind = Kind::kOutput;
  return plan;
}

}  // namespace lev::lua
