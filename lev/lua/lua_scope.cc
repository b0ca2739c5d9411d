// lev.scope runs its body in the calling task, so that the body's locals,
// cleanups and name are the caller's; lev.with_timeout runs it as a child, so
// that it can be aborted. What follows the body is the same: wait for the
// children, run the cleanups, wait for what those spawned, say how it went.
//
// Each of these may suspend, so the call is a chain of stages (Proceed), each
// a protected call that continues with the next. The values of the body stay on
// the stack meanwhile. The stage that waits is a Lua function of its own, the
// second upvalue of both: only Drive suspends, and it ends the function that
// calls it.
//
// A scope without a function is a block: its end is where its handle is closed,
// by its method or as a variable, and the closing goes through these stages.
//
// Stack of each: 1 the handle, 2 the task that is the body or whether errors
// are returned (not raised: what a variable's closing returns, nobody sees),
// from 3 on the body's results or its error.

#include "lev/lua/lua_scope.h"

#include <optional>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_cleanup.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_scope_kind.h"
#include "lev/lua/lua_scope_options.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_token.h"

namespace lev::lua {
namespace {

constexpr int kHandle = 1;
constexpr int kBodyTask = 2;
constexpr int kValues = 3;

// After which protected call Proceed goes on.
enum Stage : lua_KContext { kBody, kChildren, kCleanup };

bool HasBodyTask(lua_State* L) { return lua_isuserdata(L, kBodyTask); }

// With a body of its own, it notes whether that was the last to end.
LuaStep ChildrenStep(lua_State* L, LuaTask&, bool) {
  TaskScope& scope = *ObjectKind::At<LuaScope>(L, kHandle).scope();
  if (HasBodyTask(L) && !scope.left_children.has_value()) {
    const auto& body = *static_cast<LuaTask*>(lua_touserdata(L, kBodyTask));
    if (body.ended()) scope.left_children = scope.live() > 0;
  }
  return scope.live() > 0 ? LuaStep::Blocked(scope) : LuaStep::Done(0);
}

constexpr Verb kScope = {.name = "lev.scope",
                         .wait = 3,
                         .step = ChildrenStep,
                         .uninterruptible = true};
constexpr Verb kTimeout = {.name = "lev.with_timeout",
                           .wait = 3,
                           .step = ChildrenStep,
                           .uninterruptible = true};

// The same calls in a task that was cancelled before: nothing is begun.
constexpr Verb kNotBegun = {.name = "lev.scope", .wait = 1, .step = nullptr};

// Waits until the scope at 1 has no children; at 2 as below.
int AwaitChildren(lua_State* L) {
  lua_settop(L, kBodyTask);
  lua_pushinteger(L, kNever);
  lua_pushnil(L);
  return Drive(L, Runtime::Of(L), HasBodyTask(L) ? kTimeout : kScope);
}

// Protected: cancels the scope with the error at 2.
int CancelWithError(lua_State* L) {
  static_cast<Scope*>(lua_touserdata(L, 1))->Cancel(ToReason(L, 2));
  return 0;
}

// The body of lev.scope, or of a block, has ended.
void BodyEnded(lua_State* L, TaskScope& scope, bool failed) {
  scope.body_failed = failed;
  scope.left_children = scope.live() > 0;
  if (!failed || scope.cancelled()) return;
  lua_pushcfunction(L, CancelWithError);
  lua_pushlightuserdata(L, &scope);
  lua_pushvalue(L, kValues);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) return;
  lua_pop(L, 1);
  scope.Cancel();
}

struct Verdict {
  bool child_failed;  // And that is the scope's error.
  bool body_failed;
  bool cancelled;
  bool timed_out;
  bool late;  // Its deadline came before all had ended.
};

// Pushes the outcome of the child that failed, and returns its size.
int PushFailed(lua_State* L) {
  lua_getiuservalue(L, kHandle, kScopeFailure);
  auto& child = *static_cast<LuaTask*>(lua_touserdata(L, -1));
  child.Observe();
  return child.PushOutcome(L, -1);
}

// What with_timeout's body, a task, came to: as if it had been called here.
int FinishTask(lua_State* L, const LuaTask& caller, const Verdict& verdict) {
  auto& body = *static_cast<LuaTask*>(lua_touserdata(L, kBodyTask));
  body.Observe();
  if (body.status() == Task::Status::kFailed) {
    lua_pop(L, body.PushOutcome(L, kBodyTask) - 2);
    return lua_error(L);
  }
  const bool done = body.status() == Task::Status::kDone;
  if (!done && caller.cancel_pending()) return RaiseCancelled(L, caller);
  if (verdict.child_failed) return PushFailed(L);
  if (done ? verdict.late : verdict.timed_out) {
    return Failed(L, "timeout").results;
  }
  return body.PushOutcome(L, kBodyTask);
}

int FinishBody(lua_State* L, const LuaTask& caller, const Verdict& verdict) {
  if (verdict.body_failed) {
    // Another scope's cancellation is an error like any other.
    const bool ours =
        verdict.cancelled && IsCancelled(L, kValues, Runtime::Of(L));
    lua_settop(L, kValues);
    if (!ours) return lua_error(L);
    if (caller.cancel_pending()) return RaiseCancelled(L, caller);
  }
  if (verdict.child_failed) return PushFailed(L);
  if (verdict.body_failed ? verdict.timed_out : verdict.late) {
    return Failed(L, "timeout").results;
  }
  if (!verdict.body_failed) return lua_gettop(L) - (kValues - 1);
  lua_pushnil(L);
  lua_pushliteral(L, "cancelled");
  lua_getfield(L, kValues, "reason");
  return 3;
}

// Whether the `results` on top say that a block was cancelled, whose body has
// raised just that.
bool SaysCancelled(lua_State* L, int results) {
  const char* const text = lua_tostring(L, 1 - results);
  return results == 3 && text != nullptr &&
         absl::string_view(text) == "cancelled" &&
         IsCancelled(L, kValues, Runtime::Of(L));
}

// Raises the error among a block's `results`, if it is one and nobody could see
// it otherwise.
int FinishBlock(lua_State* L, int results) {
  const bool shown = lua_toboolean(L, kBodyTask);
  if (shown || results < 2 || !lua_isnil(L, -results)) return results;
  lua_pushvalue(L, SaysCancelled(L, results) ? kValues : 1 - results);
  return lua_error(L);
}

// All has ended: closes the scope, and returns what the call returns.
int Finish(lua_State* L, LuaTask& task) {
  const TaskScope& scope = task.innermost_scope();
  const LuaTask* const failed = scope.cancels() ? scope.failed() : nullptr;
  if (failed != nullptr) {
    failed->PushSelf(L);
    lua_setiuservalue(L, kHandle, kScopeFailure);
    lua_pop(L, LuaTask::kSelfSize - 1);
  }
  const Verdict verdict = {
      .child_failed = failed != nullptr,
      .body_failed = scope.body_failed,
      .cancelled = scope.cancelled(),
      .timed_out = scope.timed_out(),
      .late = scope.timed_out() && scope.left_children.value_or(false)};
  task.CloseScope();
  if (HasBodyTask(L)) return FinishTask(L, task, verdict);
  return FinishBlock(L, FinishBody(L, task, verdict));
}

// Pushes the call of the scope's youngest cleanup; false if there is none.
bool PushCleanup(lua_State* L, TaskScope& scope) {
  std::optional<LuaCleanup> cleanup = scope.cleanups().Pop();
  if (!cleanup.has_value()) return false;
  cleanup->value.Push(L);
  return true;
}

int Proceed(lua_State* L, int status, lua_KContext stage);

// Begins the next protected call; or ends with the results of it all.
int Next(lua_State* L, LuaTask& task, TaskScope& scope) {
  luaL_checkstack(L, LUA_MINSTACK, "lev.scope");
  if (scope.live() > 0) {
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, kHandle);
    lua_pushvalue(L, kBodyTask);
    const int status = lua_pcallk(L, 2, 0, 0, kChildren, Proceed);
    return Proceed(L, status, kChildren);
  }
  if (!PushCleanup(L, scope)) return Finish(L, task);
  task.Shield();
  const int status = lua_pcallk(L, 0, 0, 0, kCleanup, Proceed);
  return Proceed(L, status, kCleanup);
}

// A protected call, whose stage it was, has ended with `status`.
int Proceed(lua_State* L, int status, lua_KContext stage) {
  Runtime& runtime = Runtime::Of(L);
  const bool failed = status != LUA_OK && status != LUA_YIELD;
  LuaTask* const task = runtime.TaskOn(L);
  TaskScope* const scope = ObjectKind::At<LuaScope>(L, kHandle).scope();
  const bool lost = task == nullptr || scope == nullptr;
  if (lost || (failed && stage == kChildren)) {
    // A user has resumed the coroutine by hand. The task sees to the scope.
    if (!failed) lua_pushliteral(L, "lev.scope: not in its task any more");
    return lua_error(L);
  }
  if (stage == kBody) BodyEnded(L, *scope, failed);
  if (stage == kCleanup) {
    task->Unshield();
    if (failed) LogCleanupError(L, runtime, *task);
    if (failed) lua_pop(L, 1);
  }
  return Next(L, *task, *scope);
}

// Pushes the handle of a scope that it opens on the running task.
TaskScope& PushScope(lua_State* L, Runtime& runtime, Scope::Policy policy,
                     bool around) {
  ObjectKind::PushBox(L, kScopeUserValues);
  TaskScope& scope = runtime.current()->OpenScope(policy, around);
  runtime.scope_kind.Fill(L, new LuaScope(runtime, scope));
  return scope;
}

void SetDeadline(lua_State* L, TaskScope& scope, Instant deadline,
                 Nanos grace) {
  if (deadline == kNever) return;
  ObjectKind::At<LuaScope>(L, kHandle).set_deadline(deadline);
  scope.SetDeadline(deadline, grace);
}

// lev.scope without a function: options or nil at 1.
int OpenBlock(lua_State* L, Runtime& runtime) {
  lua_settop(L, 1);
  const LuaTask& task = CheckCanSuspend(L, runtime, kScope);
  const ScopeOptions options = CheckScopeOptions(L, runtime);
  if (task.cancel_pending()) return Drive(L, runtime, kNotBegun);
  TaskScope& scope = PushScope(L, runtime, options.policy, true);
  lua_insert(L, kHandle);
  lua_settop(L, 3);
  lua_setiuservalue(L, kHandle, kScopeName);
  lua_settop(L, kHandle);
  ObjectKind::At<LuaScope>(L, kHandle).BecomeBlock();
  SetDeadline(L, scope, options.deadline, kNever);
  return 1;
}

// Ends the block whose handle is at 1, with the error at kValues or without.
int EndBlock(lua_State* L, Runtime& runtime, bool failed) {
  LuaScope& handle = *runtime.scope_kind.Test<LuaScope>(L, kHandle);
  LuaTask* const task = runtime.TaskOn(L);
  TaskScope& scope = *handle.scope();
  if (task == nullptr || !lua_isyieldable(L)) {
    // It is being unwound, and sees to what is left of its scopes.
    scope.AbortAll();
    return 0;
  }
  if (!task->IsInnermost(scope)) {
    return luaL_error(L,
                      "scope:close: another scope inside it is open, or the "
                      "task is not its own");
  }
  BodyEnded(L, scope, failed);
  return Next(L, *task, scope);
}

// scope:close() -> true | nil, err [, more]
int CloseScope(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  LuaScope& handle = runtime.scope_kind.Check<LuaScope>(L, kHandle);
  lua_settop(L, kHandle);
  lua_pushboolean(L, true);
  lua_pushboolean(L, true);
  if (handle.scope() == nullptr) return 1;
  if (handle.is_block()) return EndBlock(L, runtime, false);
  handle.scope()->Cancel();
  return 1;
}

// Of a variable; the error, if the block ends with one, is at 2.
int CloseVariable(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  LuaScope& handle = runtime.scope_kind.Check<LuaScope>(L, kHandle);
  lua_settop(L, 2);
  if (handle.scope() == nullptr) return 0;
  if (!handle.is_block()) return handle.scope()->Cancel(), 0;
  const bool failed = !lua_isnil(L, 2);
  lua_pushboolean(L, false);
  lua_insert(L, kBodyTask);
  return EndBlock(L, runtime, failed);
}

int ScopeCall(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  if (lua_gettop(L) < 2 && !lua_isfunction(L, 1)) return OpenBlock(L, runtime);
  if (lua_isfunction(L, 1)) {
    lua_settop(L, 1);
    lua_pushnil(L);
    lua_insert(L, 1);
  }
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  const LuaTask& task = CheckCanSuspend(L, runtime, kScope);
  const ScopeOptions options = CheckScopeOptions(L, runtime);
  if (task.cancel_pending()) return Drive(L, runtime, kNotBegun);
  TaskScope& scope = PushScope(L, runtime, options.policy, true);
  // Options, function, name, handle; to become: handle, nil, the call.
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, kScopeName);
  lua_replace(L, kHandle);
  lua_settop(L, 2);
  lua_pushboolean(L, true);
  lua_insert(L, kBodyTask);
  lua_pushvalue(L, kHandle);
  SetDeadline(L, scope, options.deadline, kNever);
  const int status = lua_pcallk(L, 1, LUA_MULTRET, 0, kBody, Proceed);
  return Proceed(L, status, kBody);
}

// Protected: spawns the function at 1 with the handle at 2; returns the task.
int SpawnBody(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  Scope& scope = *ObjectKind::At<LuaScope>(L, 2).scope();
  LuaTask::Spawn(L, runtime, scope, 1, 1);
  return 1;
}

int WithTimeout(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const Nanos timeout = CheckSeconds(L, 1, 1, "seconds");
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 3);
  const Nanos grace = CheckGrace(L, 3);
  LuaTask& task = CheckCanSuspend(L, runtime, kTimeout);
  if (task.cancel_pending()) return Drive(L, runtime, kNotBegun);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushcclosure(L, SpawnBody, 1);
  lua_replace(L, 3);
  TaskScope& scope =
      PushScope(L, runtime, Scope::Policy::kCancelOnError, false);
  // Seconds, function, SpawnBody, handle; to become: handle, the call.
  lua_replace(L, kHandle);
  lua_insert(L, 2);
  lua_pushvalue(L, kHandle);
  if (lua_pcall(L, 2, 1, 0) != LUA_OK) {
    scope.AbortAll();
    task.CloseScope();
    return lua_error(L);
  }
  SetDeadline(L, scope, After(runtime.loop().FreshNow(), timeout), grace);
  return Proceed(L, LUA_OK, kChildren);
}

constexpr luaL_Reg kMethods[] = {{"close", CloseScope}, {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__close", CloseVariable}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {
    {"scope", ScopeCall}, {"with_timeout", WithTimeout}, {nullptr, nullptr}};

// Adds functions that go through the stages to the table at `index`.
void AddStaged(lua_State* L, int index, const luaL_Reg* functions) {
  const int runtime = lua_gettop(L);
  lua_pushvalue(L, index);
  lua_pushvalue(L, runtime);
  lua_pushvalue(L, runtime);
  lua_pushcclosure(L, AwaitChildren, 1);
  luaL_setfuncs(L, functions, 2);
  lua_settop(L, runtime);
}

}  // namespace

void OpenScopes(lua_State* L, Runtime& runtime) {
  RegisterScopeKind(L, runtime);
  const int own = lua_gettop(L);
  AddStaged(L, own - 1, kFunctions);
  runtime.scope_kind.PushMethods(L);
  runtime.scope_kind.Push(L);
  lua_pushvalue(L, own);
  AddStaged(L, own + 1, kMethods);
  AddStaged(L, own + 2, kMeta);
  lua_settop(L, own);
}

}  // namespace lev::lua
