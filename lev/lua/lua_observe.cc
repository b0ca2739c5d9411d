#include "lev/lua/lua_observe.h"

#include <signal.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_dump.h"
#include "lev/lua/lua_dump_signal.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/observe/task_info.h"

namespace lev::lua {
namespace {

void SetCount(lua_State* L, const char* name, size_t count) {
  lua_pushinteger(L, static_cast<lua_Integer>(count));
  lua_setfield(L, -2, name);
}

// Empty: no such field.
void SetText(lua_State* L, const char* name, const std::string& text) {
  if (text.empty()) return;
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, name);
}

int GetStats(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  lua_settop(L, 0);
  lua_pushnil(L);
  if (!runtime.running()) return 1;
  const EventLoop::Stats stats = runtime.loop().stats();
  lua_createtable(L, 0, 5);
  SetCount(L, "active_coros", runtime.live_tasks());
  SetCount(L, "registered_fds", stats.registered_fds);
  SetCount(L, "timer_count", stats.timers);
  SetCount(L, "ready_count", stats.ready);
  SetCount(L, "task_count", runtime.tasks().size());
  return 1;
}

void PushWait(lua_State* L, const TaskWait& wait) {
  lua_createtable(L, 0, 5);
  SetText(L, "on", wait.on);
  SetText(L, "verb", wait.verb);
  SetText(L, "object", wait.object);
  lua_pushnumber(L, wait.since.value_or(0));
  lua_setfield(L, -2, "since");
  if (!wait.deadline.has_value()) return;
  lua_pushnumber(L, *wait.deadline);
  lua_setfield(L, -2, "deadline");
}

struct Entries {
  const std::vector<TaskInfo>& tasks;
  const bool dump;  // With what task_dump adds.
};

void PushEntry(lua_State* L, const TaskInfo& task, bool dump) {
  lua_createtable(L, 0, 9);
  SetCount(L, "id", task.id);
  SetText(L, "name", task.name);
  SetText(L, "status", task.status);
  lua_pushboolean(L, task.detached);
  lua_setfield(L, -2, "detached");
  if (task.parent_id != 0) SetCount(L, "parent_id", task.parent_id);
  SetText(L, "co_status", task.co_status);
  if (!dump) return;
  SetText(L, "traceback", task.traceback);
  SetText(L, "spawned_at", task.spawned_at);
  if (!task.wait.has_value()) return;
  PushWait(L, *task.wait);
  lua_setfield(L, -2, "wait");
}

// Protected: the entries as an array.
int PushEntries(lua_State* L) {
  const auto& entries = *static_cast<const Entries*>(lua_touserdata(L, 1));
  const size_t count = entries.tasks.size();
  lua_createtable(L, static_cast<int>(count), 0);
  for (size_t i = 0; i < count; ++i) {
    PushEntry(L, entries.tasks[i], entries.dump);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
  }
  return 1;
}

// The entries of all tasks, or an error value; false then. Apart from its
// callers, which raise: this one owns C++ objects.
bool PushTasks(lua_State* L, Runtime& runtime, bool dump) {
  const std::vector<TaskInfo> tasks = LookAtTasks(
      runtime, L, dump ? Tracebacks::kSuspended : Tracebacks::kNone);
  Entries entries = {tasks, dump};
  lua_pushcfunction(L, PushEntries);
  lua_pushlightuserdata(L, &entries);
  return lua_pcall(L, 1, 1, 0) == LUA_OK;
}

int Tasks(lua_State* L, bool dump) {
  Runtime& runtime = Runtime::Of(L);
  lua_settop(L, 0);
  if (!runtime.running()) {
    lua_pushnil(L);
  } else if (!PushTasks(L, runtime, dump)) {
    return lua_error(L);
  }
  return 1;
}

int TaskTree(lua_State* L) { return Tasks(L, false); }

int TaskDump(lua_State* L) { return Tasks(L, true); }

// Apart from its caller, which raises.
int Enable(lua_State* L, Runtime& runtime, int signo, DumpFormat format) {
  return PushStatus(L, EnableDumpSignal(runtime, signo, format));
}

int EnableDump(lua_State* L) {
  static const char* const kNames[] = {"text", "json", nullptr};
  static const DumpFormat kFormats[] = {DumpFormat::kText, DumpFormat::kJson};
  Runtime& runtime = Runtime::Of(L);
  if (!lua_isnoneornil(L, 1)) CheckString(L, 1);
  const DumpFormat format = kFormats[luaL_checkoption(L, 1, "text", kNames)];
  int signo = SIGUSR1;
  if (!lua_isnoneornil(L, 2)) {
    signo = static_cast<int>(CheckInteger(L, 2, 1, SIGRTMAX));
  }
  if (signo == SIGKILL || signo == SIGSTOP) {
    return luaL_argerror(L, 2, "a signal that cannot be caught");
  }
  if (!runtime.running() || runtime.ending()) {
    return luaL_error(L,
                      "lev.enable_dump_signal: must be called within lev.run");
  }
  return Enable(L, runtime, signo, format);
}

int SetLogger(lua_State* L) {
  lua_settop(L, 1);
  const int type = lua_type(L, 1);
  if (type != LUA_TNIL && type != LUA_TFUNCTION && type != LUA_TTABLE &&
      type != LUA_TUSERDATA) {
    return luaL_typeerror(L, 1, "logger object, function or nil");
  }
  LuaRef logger = type == LUA_TNIL ? LuaRef() : LuaRef::Take(L);
  Runtime::Of(L).logger().Set(std::move(logger));
  return 0;
}

constexpr luaL_Reg kFunctions[] = {
    {"stats", GetStats},       {"task_tree", TaskTree},
    {"task_dump", TaskDump},   {"enable_dump_signal", EnableDump},
    {"set_logger", SetLogger}, {nullptr, nullptr}};

}  // namespace

void OpenObserve(lua_State* L, Runtime&) { AddFunctions(L, kFunctions); }

}  // namespace lev::lua
