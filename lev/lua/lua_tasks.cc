#include "lev/lua/lua_tasks.h"

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_token.h"

namespace lev::lua {
namespace {

LuaTask& CheckTask(lua_State* L, int index) {
  return Runtime::Of(L).task_kind.Check<LuaTask>(L, index);
}

int Spawn(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  luaL_checktype(L, 1, LUA_TFUNCTION);
  runtime.CheckRunning(L, "lev.spawn");
  LuaTask* const current = runtime.current();
  Scope& scope = current != nullptr ? current->current_scope() : runtime.root();
  return SpawnInto(L, runtime, scope, 1);
}

LuaStep AwaitStep(lua_State* L, LuaTask& task, bool) {
  auto& target = *static_cast<LuaTask*>(lua_touserdata(L, 1));
  if (&target == &task) luaL_argerror(L, 1, "a task cannot await itself");
  if (!target.ended()) return LuaStep::Blocked(target);
  target.Observe();
  return LuaStep::Done(target.PushOutcome(L, 1));
}

constexpr Verb kAwait = {.name = "lev.await", .wait = 2, .step = AwaitStep};

int Await(lua_State* L) {
  CheckTask(L, 1);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kAwait);
}

LuaStep SleepStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed || lua_tointeger(L, 1) > task.loop().now()) {
    return LuaStep::BlockedOnTime();
  }
  lua_pushboolean(L, true);
  return LuaStep::Done(1);
}

constexpr Verb kSleep = {.name = "lev.sleep", .wait = 1, .step = SleepStep};

int Sleep(lua_State* L) {
  const Nanos time = CheckSeconds(L, 1, 1, "seconds");
  lua_settop(L, 2);
  if (lua_istable(L, 2)) {
    CheckOptions(L, 2, {"cancel"});
    lua_getfield(L, 2, "cancel");
    lua_replace(L, 2);
  }
  if (!lua_isnil(L, 2) && TestToken(L, 2) == nullptr) {
    return luaL_typeerror(L, 2, "lev.cancel_token");
  }
  // Even a sleep for ever is a timer: it is not a deadlock.
  lua_pushinteger(L, time == kNever ? kNever - 1 : time);
  lua_replace(L, 1);
  return Drive(L, Runtime::Of(L), kSleep);
}

constexpr Verb kYield = {.name = "lev.yield", .wait = 1, .step = nullptr};

int Yield(lua_State* L) { return DriveAfterPause(L, Runtime::Of(L), kYield); }

int Now(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const Instant now =
      runtime.running() ? runtime.loop().FreshNow() : MonotonicClock().Now();
  lua_pushnumber(L, static_cast<double>(now) / kSecond);
  return 1;
}

int TaskName(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  lua_settop(L, 1);
  if (!lua_isnil(L, 1)) CheckString(L, 1);
  LuaTask* const task = runtime.current();
  if (task == nullptr) return 0;
  task->PushSelf(L);
  if (!lua_isnil(L, 1)) task->SetName(L, -1, lua_tostring(L, 1));
  runtime.PushNames(L);
  lua_insert(L, -2);
  lua_rawget(L, -2);
  return 1;
}

int TaskCancel(lua_State* L) {
  LuaTask& task = CheckTask(L, 1);
  task.Cancel(ToReason(L, 2));
  return 0;
}

// What an abort runs may abort in its turn: each needs some of the C stack,
// which Lua does not count across threads, and of the host's Lua stack.
constexpr int kMostNestedAborts = 150;

int TaskAbort(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  LuaTask& task = CheckTask(L, 1);
  if (runtime.unwinding_depth() >= kMostNestedAborts ||
      !lua_checkstack(runtime.host(), LUA_MINSTACK)) {
    return luaL_error(L, "task:abort: too many aborts inside one another");
  }
  task.Abort();
  return 0;
}

// Of a variable: 1 task, 2 and 3 the driver's.
LuaStep EndStep(lua_State* L, LuaTask&, bool) {
  auto& target = *static_cast<LuaTask*>(lua_touserdata(L, 1));
  if (!target.ended()) return LuaStep::Blocked(target);
  target.Observe();
  return LuaStep::Done(0);
}

constexpr Verb kEnd = {.name = "the end of a task's variable",
                       .wait = 2,
                       .step = EndStep,
                       .uninterruptible = true};

// Whether `task` is in a scope of `other`, or of one that is.
bool IsWithin(const Task& task, const Task& other) {
  const Scope* scope = task.scope();
  while (scope != nullptr && scope->owner() != nullptr) {
    if (scope->owner() == &other) return true;
    scope = scope->owner()->scope();
  }
  return false;
}

// Cancels the task, and waits for its end; aborts it where that cannot be. One
// that itself waits for the end of this task is only cancelled.
int TaskClose(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  LuaTask& task = CheckTask(L, 1);
  const LuaTask* const current = runtime.TaskOn(L);
  if (task.ended() || &task == current) return 0;
  if (current == nullptr || !lua_isyieldable(L)) return TaskAbort(L);
  const bool around = IsWithin(*current, task);
  task.Cancel(nullptr);
  if (around) return 0;
  lua_settop(L, 1);
  NormalizeWait(L, 2);
  return Drive(L, runtime, kEnd);
}

int TaskDone(lua_State* L) {
  lua_pushboolean(L, CheckTask(L, 1).ended());
  return 1;
}

int TaskDetach(lua_State* L) {
  CheckTask(L, 1).Detach();
  lua_settop(L, 1);
  return 1;
}

int TaskElapsed(lua_State* L) {
  lua_pushnumber(L, CheckTask(L, 1).elapsed());
  return 1;
}

// ok, results... | false, error, traceback | nil, "pending"
int TaskResult(lua_State* L) {
  LuaTask& task = CheckTask(L, 1);
  lua_settop(L, 1);
  if (!task.ended()) {
    Failed(L, "pending");
    return 2;
  }
  task.Observe();
  const int count = task.PushOutcome(L, 1);
  const bool ok = task.status() == Task::Status::kDone;
  lua_pushboolean(L, ok);
  if (ok) {
    lua_insert(L, 2);
    return count + 1;
  }
  lua_replace(L, 2);
  return count;
}

int TaskIndex(lua_State* L) {
  const LuaTask& task = CheckTask(L, 1);
  const absl::string_view key = luaL_checkstring(L, 2);
  if (key == "id") {
    lua_pushinteger(L, task.id());
  } else if (key == "runs") {
    lua_pushinteger(L, task.runs());
  } else if (key == "status") {
    lua_pushstring(L, Task::NameOf(task.status()));
  } else if (key == "name") {
    Runtime::Of(L).PushNames(L);
    lua_pushvalue(L, 1);
    lua_rawget(L, -2);
  } else {
    lua_settop(L, 2);
    lua_rawget(L, lua_upvalueindex(2));
  }
  return 1;
}

int TaskToString(lua_State* L) {
  const LuaTask& task = CheckTask(L, 1);
  lua_pushfstring(L, "lev.task: #%d %s", static_cast<int>(task.id()),
                  Task::NameOf(task.status()));
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"await", Await},       {"join", Await},          {"cancel", TaskCancel},
    {"abort", TaskAbort},   {"done", TaskDone},       {"is_finished", TaskDone},
    {"detach", TaskDetach}, {"elapsed", TaskElapsed}, {"result", TaskResult},
    {nullptr, nullptr}};

constexpr luaL_Reg kMeta[] = {{"__index", TaskIndex},
                              {"__tostring", TaskToString},
                              {"__close", TaskClose},
                              {nullptr, nullptr}};

constexpr luaL_Reg kFunctions[] = {{"spawn", Spawn},  {"await", Await},
                                   {"sleep", Sleep},  {"yield", Yield},
                                   {"now", Now},      {"task_name", TaskName},
                                   {nullptr, nullptr}};

}  // namespace

int SpawnInto(lua_State* L, Runtime& runtime, Scope& scope, int function) {
  const int options = function + 1;
  luaL_checktype(L, function, LUA_TFUNCTION);
  CheckOptions(L, options, {"detached", "name"});
  lua_settop(L, options);
  bool detached = false;
  lua_pushnil(L);
  if (!lua_isnil(L, options)) {
    lua_pop(L, 1);
    lua_getfield(L, options, "detached");
    detached = lua_toboolean(L, -1);
    lua_getfield(L, options, "name");
    lua_remove(L, -2);
  }
  const int name = options + 1;
  if (!lua_isnil(L, name) && lua_type(L, name) != LUA_TSTRING) {
    return luaL_argerror(L, options,
                         lua_pushfstring(L, "name: string expected, got %s",
                                         luaL_typename(L, name)));
  }
  LuaTask& task = LuaTask::Spawn(L, runtime, scope, function, 0);
  if (detached) task.Detach();
  if (!lua_isnil(L, name)) task.SetName(L, -1, lua_tostring(L, name));
  return 1;
}

void OpenTasks(lua_State* L, Runtime& runtime) {
  runtime.task_kind.Register(L, "lev.task", kMethods, kMeta);
  AddTwins(L, runtime.task_kind, {"await", "join"});
  AddFunctions(L, kFunctions);
  AddTwins(L, {"await", "sleep"});
}

}  // namespace lev::lua
