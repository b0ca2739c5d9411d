// Each combinator opens a scope on the calling task, spawns its functions into
// it, and waits there until all have ended: a loser is cancelled, never left
// behind. The waits cannot be interrupted, because a cancellation of the
// caller reaches the children through the scope, and their end ends the wait.
// It is raised then, unless a child brought something better than the same
// cancellation: a result or an error.
//
// Stack of a waiting combinator: 1 the list of handles, from 2 on the driver's
// values. The scope belongs to the caller's task.

#include "lev/lua/lua_combinators.h"

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_token.h"

namespace lev::lua {
namespace {

constexpr int kHandles = 1;
constexpr int kWait = 2;

// Pushes the handle of `task`, one of the children.
void PushHandle(lua_State* L, const LuaTask& task) {
  for (int i = 1;; ++i) {
    lua_rawgeti(L, kHandles, i);
    if (lua_touserdata(L, -1) == &task) return;
    lua_pop(L, 1);
  }
}

// `caller` returns what became of `child`.
LuaStep ChildOutcome(lua_State* L, const LuaTask& caller, LuaTask& child) {
  child.Observe();
  if (child.status() == Task::Status::kCancelled && caller.cancel_pending()) {
    RaiseCancelled(L, caller);
  }
  PushHandle(L, child);
  return LuaStep::Done(child.PushOutcome(L, -1));
}

LuaStep RaceStep(lua_State* L, LuaTask& caller, bool) {
  Scope& scope = caller.innermost_scope();
  if (scope.live() > 0) return LuaStep::Blocked(scope);
  auto& first = *static_cast<LuaTask*>(scope.first_ended());
  caller.CloseScope();
  return ChildOutcome(L, caller, first);
}

// All have ended, and the first one's outcome counts.
LuaStep FirstStep(lua_State* L, LuaTask& caller, bool) {
  Scope& scope = caller.innermost_scope();
  if (scope.live() > 0) return LuaStep::Blocked(scope);
  caller.CloseScope();
  lua_rawgeti(L, kHandles, 1);
  auto& first = *static_cast<LuaTask*>(lua_touserdata(L, -1));
  return ChildOutcome(L, caller, first);
}

// The child whose outcome `all` reports instead of the results, or null.
LuaTask* Unsuccessful(lua_State* L, const Scope& scope) {
  if (scope.first_failed() != nullptr) {
    return static_cast<LuaTask*>(scope.first_failed());
  }
  const lua_Integer count = luaL_len(L, kHandles);
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, kHandles, i);
    auto* const task = static_cast<LuaTask*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    if (task->status() != Task::Status::kDone) return task;
  }
  return nullptr;
}

LuaStep AllStep(lua_State* L, LuaTask& caller, bool) {
  Scope& scope = caller.innermost_scope();
  if (scope.live() > 0) return LuaStep::Blocked(scope);
  LuaTask* const unsuccessful = Unsuccessful(L, scope);
  caller.CloseScope();
  if (unsuccessful != nullptr) return ChildOutcome(L, caller, *unsuccessful);
  const lua_Integer count = luaL_len(L, kHandles);
  lua_createtable(L, static_cast<int>(count), 0);
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_createtable(L, 1, 0);
    const int results = lua_gettop(L);
    lua_rawgeti(L, kHandles, i);
    auto& task = *static_cast<LuaTask*>(lua_touserdata(L, -1));
    for (int n = task.PushOutcome(L, -1); n >= 1; --n) {
      lua_rawseti(L, results, n);
    }
    lua_settop(L, results);
    lua_rawseti(L, -2, i);
  }
  return LuaStep::Done(1);
}

constexpr Verb kRace = {.name = "lev.race",
                        .wait = kWait,
                        .step = RaceStep,
                        .uninterruptible = true};
constexpr Verb kAll = {
    .name = "lev.all", .wait = kWait, .step = AllStep, .uninterruptible = true};
constexpr Verb kRun = {.name = "lev.run",
                       .wait = kWait,
                       .step = FirstStep,
                       .uninterruptible = true};

// The same calls in a task that was cancelled before: nothing is begun.
constexpr Verb kNotBegun = {.name = "lev.race", .wait = kWait, .step = nullptr};

bool CancelledBefore(lua_State* L, Runtime& runtime, const Verb& verb) {
  return CheckCanSuspend(L, runtime, verb).cancel_pending();
}

// Protected: spawns the functions of the list at 2, each with a token, into
// the scope that was just opened; their handles go to the list at 1.
int SpawnChildren(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  Scope& scope = runtime.current()->innermost_scope();
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, 2));
  // Even now: a finalizer that runs meanwhile may spawn.
  scope.AdmitGuests();
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, 2, i);
    PushChildToken(L, runtime, scope.token());
    scope.Enlist(LuaTask::Spawn(L, runtime, scope, 3, 1));
    lua_rawseti(L, kHandles, i);
    lua_settop(L, 2);
  }
  return 0;
}

// The stack, on which only the list of functions stands, becomes that of a
// waiting combinator whose children have been spawned.
void StartChildren(lua_State* L, Runtime& runtime, Scope::Policy policy) {
  lua_newtable(L);
  lua_insert(L, kHandles);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushcclosure(L, SpawnChildren, 1);
  lua_pushvalue(L, kHandles);
  lua_pushvalue(L, 2);
  LuaTask& caller = *runtime.current();
  Scope& scope = caller.OpenScope(policy);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
    scope.AbortAll();
    caller.CloseScope();
    lua_error(L);
  }
  lua_settop(L, kHandles);
  lua_pushinteger(L, kNever);
  lua_pushnil(L);
}

// Raises if the key on top of the stack is not a place of a list of `count`;
// "n" may be there, as table.pack leaves it.
void CheckListKey(lua_State* L, lua_Integer count) {
  if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 &&
      lua_tointeger(L, -1) <= count) {
    return;
  }
  const char* const key = luaL_tolstring(L, -1, nullptr);
  if (lua_type(L, -2) == LUA_TSTRING && absl::string_view(key) == "n") {
    return lua_pop(L, 1);
  }
  luaL_argerror(L, 1,
                lua_pushfstring(L,
                                "a list of functions expected, "
                                "unexpected key '%s'",
                                key));
}

// The list at 1: functions, `least` of them or more.
void CheckFunctions(lua_State* L, lua_Integer least) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, 1));
  if (count < least) {
    luaL_argerror(L, 1, "a list of at least one function expected");
  }
  for (lua_Integer i = 1; i <= count; ++i) {
    if (lua_rawgeti(L, 1, i) != LUA_TFUNCTION) {
      const char* const type = luaL_typename(L, -1);
      luaL_argerror(L, 1,
                    lua_pushfstring(L,
                                    "function expected at [%I], got "
                                    "%s",
                                    i, type));
    }
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    lua_pop(L, 1);
    CheckListKey(L, count);
  }
}

int Race(lua_State* L) {
  CheckFunctions(L, 1);
  Runtime& runtime = Runtime::Of(L);
  if (CancelledBefore(L, runtime, kRace)) return Drive(L, runtime, kNotBegun);
  StartChildren(L, runtime, Scope::Policy::kCancelOnEnd);
  return Drive(L, runtime, kRace);
}

int All(lua_State* L) {
  CheckFunctions(L, 0);
  Runtime& runtime = Runtime::Of(L);
  if (CancelledBefore(L, runtime, kAll)) return Drive(L, runtime, kNotBegun);
  StartChildren(L, runtime, Scope::Policy::kCancelOnError);
  return Drive(L, runtime, kAll);
}

constexpr luaL_Reg kFunctions[] = {
    {"race", Race}, {"all", All}, {nullptr, nullptr}};

}  // namespace

void OpenCombinators(lua_State* L, Runtime&) { AddFunctions(L, kFunctions); }

int RunAsScope(lua_State* L, Runtime& runtime) {
  if (CancelledBefore(L, runtime, kRun)) return Drive(L, runtime, kNotBegun);
  lua_settop(L, 1);
  lua_createtable(L, 1, 0);
  lua_insert(L, 1);
  lua_rawseti(L, 1, 1);
  StartChildren(L, runtime, Scope::Policy::kCollect);
  lua_rawgeti(L, kHandles, 1);
  static_cast<LuaTask*>(lua_touserdata(L, -1))->SetName(L, -1, "main");
  lua_pop(L, 1);
  return Drive(L, runtime, kRun);
}

}  // namespace lev::lua
