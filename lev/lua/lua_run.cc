#include "lev/lua/lua_run.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_combinators.h"
#include "lev/lua/lua_dump.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"
#include "lev/observe/deadlock_report.h"
#include "lev/observe/task_dump.h"
#include "lev/observe/task_info.h"

namespace lev::lua {
namespace {

struct Program {
  Runtime& runtime;
  const char* name;
  int arguments;
  bool is_file;
};

// Protected: spawns the main task of the function and its arguments, which
// follow the program. Returns the handle.
int SpawnMain(lua_State* L) {
  const Program& program = *static_cast<Program*>(lua_touserdata(L, 1));
  Runtime& runtime = program.runtime;
  LuaTask& main =
      LuaTask::Spawn(L, runtime, runtime.root(), 2, program.arguments);
  main.Observe();
  main.SetName(L, -1, program.name);
  if (program.is_file) runtime.program_task = &main;
  return 1;
}

}  // namespace

bool BeginMain(lua_State* L, Runtime& runtime, lua_State& host,
               const RunOptions& options, int index, const char* name) {
  const int top = lua_gettop(L);
  Program program = {runtime, name, top - index,
                     runtime.program_chunk != nullptr};
  luaL_checkstack(L, top + 2 * LUA_MINSTACK, "lev.run");
  const absl::Status begun = runtime.BeginRun(&host, options);
  if (!begun.ok()) {
    lua_pushnil(L);
    PushMessage(L, begun.message());
    return false;
  }
  lua_pushcfunction(L, SpawnMain);
  lua_pushlightuserdata(L, &program);
  for (int i = index; i <= top; ++i) lua_pushvalue(L, i);
  if (lua_pcall(L, top - index + 2, 1, 0) == LUA_OK) return true;
  runtime.EndRun();
  lua_pushnil(L);
  lua_insert(L, -2);
  return false;
}

int PushMainOutcome(lua_State* L, int handle) {
  auto& main = *static_cast<LuaTask*>(lua_touserdata(L, handle));
  if (main.status() != Task::Status::kAborted) {
    return main.PushOutcome(L, handle);
  }
  lua_pushnil(L);
  lua_pushliteral(L, "stopped");
  return 2;
}

namespace {

// In a test: why it cannot go on, and what each task does.
std::string DescribeHang(Runtime& runtime) {
  TestBed& bed = *runtime.test_bed();
  const std::string why =
      bed.poller().reached_horizon()
          ? absl::StrCat("not ended after ", bed.limit() / kSecond, " s")
          : DescribeDeadlock(runtime.root());
  const std::vector<TaskInfo> tasks =
      LookAtTasks(runtime, nullptr, Tracebacks::kSuspended);
  return absl::StrCat(why, "\n", FormatText(tasks));
}

// Turns the loop until it ends. False, with nil and a message pushed, on a
// deadlock.
bool TurnLoop(lua_State* L, Runtime& runtime) {
  if (runtime.loop().Run().ok()) return true;
  const std::string report = runtime.test_bed() == nullptr
                                 ? DescribeDeadlock(runtime.root())
                                 : DescribeHang(runtime);
  lua_pushnil(L);
  PushMessage(L, report);
  return false;
}

// In a test, which ended well: false, with nil and a message pushed, if
// something is left.
bool EndsClean(lua_State* L, Runtime& runtime) {
  if (runtime.test_bed() == nullptr) return true;
  runtime.failures().ReportAll(runtime);
  const std::string left = runtime.DescribeLeftovers();
  if (left.empty()) return true;
  lua_pushnil(L);
  PushMessage(L, left);
  return false;
}

// The function at 1 and its arguments above it as the main task of a run.
int RunMain(lua_State* L, Runtime& runtime, const RunOptions& options,
            const char* name, bool& ok) {
  ok = false;
  if (!BeginMain(L, runtime, *L, options, 1, name)) return 2;
  const int handle = lua_gettop(L);
  auto& main = *static_cast<LuaTask*>(lua_touserdata(L, handle));
  const bool sound =
      TurnLoop(L, runtime) &&
      (main.status() != Task::Status::kDone || EndsClean(L, runtime));
  runtime.EndRun();
  runtime.program_task = nullptr;
  if (!sound) return 2;
  ok = main.status() == Task::Status::kDone;
  return PushMainOutcome(L, handle);
}

// Whether lev.run was called by the program's file itself, in the main task.
bool AtProgramTopLevel(lua_State* L, const Runtime& runtime) {
  lua_Debug frame;
  if (runtime.TaskOn(L) == nullptr || lua_getstack(L, 1, &frame) == 0) {
    return false;
  }
  lua_getinfo(L, "f", &frame);
  const void* const caller = lua_topointer(L, -1);
  lua_pop(L, 1);
  return caller == runtime.program_chunk;
}

// The poller that the string on top names.
RunOptions::PollerKind CheckPoller(lua_State* L, int argument) {
  using PollerKind = RunOptions::PollerKind;
  const char* const given = lua_tostring(L, -1);
  const absl::string_view name = given != nullptr ? given : "";
  if (name == "epoll") return PollerKind::kEpoll;
  if (name == "io_uring") return PollerKind::kUring;
  if (name != "fake") {
    luaL_argerror(L, argument,
                  "poller: 'epoll', 'io_uring' or 'fake' expected");
  }
  return PollerKind::kFake;
}

}  // namespace

RunOptions CheckRunOptions(lua_State* L, int argument) {
  RunOptions options;
  CheckOptions(L, argument, {"poller", "seed", "slow"});
  if (lua_isnoneornil(L, argument)) return options;
  if (lua_getfield(L, argument, "poller") != LUA_TNIL) {
    options.poller = CheckPoller(L, argument);
  }
  if (lua_getfield(L, argument, "seed") != LUA_TNIL) {
    if (!lua_isinteger(L, -1)) {
      luaL_argerror(L, argument, "seed: integer expected");
    }
    options.seed = static_cast<uint64_t>(lua_tointeger(L, -1));
  }
  if (lua_getfield(L, argument, "slow") != LUA_TNIL) {
    options.slow = CheckSeconds(L, -1, argument, "slow");
  }
  lua_pop(L, 3);
  return options;
}

void CheckMayBegin(lua_State* L, const Runtime& runtime, const char* name) {
  if (runtime.running()) {
    luaL_error(L, "%s: nested calls are not allowed", name);
  }
  if (runtime.closing()) {
    luaL_error(L, "%s: the Lua state is being closed", name);
  }
}

int Run(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 2);
  const RunOptions options = CheckRunOptions(L, 2);
  const bool given = !lua_isnil(L, 2);
  lua_settop(L, 1);
  if (runtime.running() && AtProgramTopLevel(L, runtime)) {
    if (given) {
      return luaL_error(L,
                        "lev.run: the program lev has begun the run "
                        "already; options need lua5.4");
    }
    return RunAsScope(L, runtime);
  }
  CheckMayBegin(L, runtime, "lev.run");
  bool ok;
  return RunMain(L, runtime, options, "main", ok);
}

namespace {

int Stop(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  if (!runtime.running()) {
    return luaL_error(L, "lev.stop: must be called within lev.run");
  }
  runtime.loop().Stop();
  return 0;
}

constexpr luaL_Reg kFunctions[] = {
    {"run", Run}, {"stop", Stop}, {nullptr, nullptr}};

}  // namespace

void OpenRun(lua_State* L, Runtime&) { AddFunctions(L, kFunctions); }

int RunTest(lua_State* L, Runtime& runtime, const RunOptions& options,
            bool& ok) {
  return RunMain(L, runtime, options, "main", ok);
}

int RunProgram(lua_State* L, Runtime& runtime, const char* name, bool& ok) {
  return RunMain(L, runtime, {}, name, ok);
}

}  // namespace lev::lua
