// What this file fights: lua_yieldk does not return. It leaves by longjmp, and
// Lua calls the continuation later, on the same Lua stack but another C stack.
// So every path ends in it, or in a raise, as its last act, and no C++ object
// with a destructor is alive there.

#include "lev/lua/lua_drive.h"

#include <algorithm>

#include "absl/types/span.h"
#include "lev/lua/lua_choice.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_token.h"

namespace lev::lua {
namespace {

int Continue(lua_State* L, int status, lua_KContext context);
int ContinueAfterPause(lua_State* L, int status, lua_KContext context);

// The function at which a yield would have to cross C: string.gsub, a
// metamethod, a finalizer.
int RaiseUnyieldable(lua_State* L, const Verb& verb) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame) != 0; ++level) {
    lua_getinfo(L, "Sn", &frame);
    if (frame.what[0] == 'C' && frame.name != nullptr) {
      return luaL_error(L, "%s: cannot suspend inside '%s'", verb.name,
                        frame.name);
    }
  }
  return luaL_error(L,
                    "%s: cannot suspend here (a finalizer, or a callback "
                    "from C)",
                    verb.name);
}

int RaiseCannotSuspend(lua_State* L, Runtime& runtime, const Verb& verb) {
  const LuaTask* const task = runtime.current();
  if (task == nullptr && !runtime.running()) {
    return luaL_error(L, "%s: must be called within lev.run", verb.name);
  }
  if (task == nullptr) {
    return luaL_error(L,
                      "%s: cannot suspend outside a task (in a logger, or "
                      "in what runs after a task failed or was aborted)",
                      verb.name);
  }
  if (task->innermost() != L || lua_isyieldable(L)) {
    return luaL_error(L,
                      "%s: cannot suspend inside a coroutine that is not a "
                      "task (coroutine.wrap or coroutine.create); see "
                      "lev.coroutine",
                      verb.name);
  }
  return RaiseUnyieldable(L, verb);
}

// The task that runs, if `L` is its coroutine, or one whose waits it makes its
// own.
LuaTask* TaskAround(lua_State* L, const Runtime& runtime) {
  LuaTask* const task = runtime.current();
  return task != nullptr && task->innermost() == L ? task : nullptr;
}

LuaTask& CheckCanWait(lua_State* L, Runtime& runtime, const Verb& verb) {
  LuaTask* const task = TaskAround(L, runtime);
  if (task == nullptr || !lua_isyieldable(L)) {
    RaiseCannotSuspend(L, runtime, verb);
  }
  return *task;
}

int Yield(lua_State* L, LuaTask& task, const Verb& verb,
          lua_KFunction continuation) {
  task.set_verb(&verb);
  return lua_yieldk(L, 0, reinterpret_cast<lua_KContext>(&verb), continuation);
}

LuaStep GiveUp(lua_State* L, LuaTask& task, const Verb& verb, const char* why) {
  // Undone first: the text may raise for want of memory.
  const int more = verb.give_up == nullptr ? 0 : verb.give_up(L, task);
  if (verb.raises) luaL_error(L, "%s: %s", verb.name, why);
  lua_pushnil(L);
  lua_pushstring(L, why);
  lua_rotate(L, -2 - more, 2);
  return LuaStep::Done(2 + more);
}

int ReportCancel(lua_State* L, LuaTask& task, const Verb& verb) {
  if (verb.give_up != nullptr) verb.give_up(L, task);
  return RaiseCancelled(L, task);
}

CancelToken* Token(lua_State* L, const Verb& verb) {
  const int index = verb.wait + 1;
  return lua_isnil(L, index) ? nullptr : TestToken(L, index);
}

// On one list, or none, and the token.
void ParkOnOne(LuaTask& task, const LuaStep& step, CancelToken* token,
               Instant deadline) {
  WaitList* const list = step.list;
  EventLoop& loop = task.loop();
  if (token != nullptr) {
    const absl::Span<Arm> arms = task.arms();
    arms[0].list = token;
    if (list != nullptr) arms[1].list = list;
    loop.Park(task, arms.first(list == nullptr ? 1 : 2), deadline);
  } else if (list != nullptr) {
    loop.Park(task, *list, deadline);
  } else {
    loop.Park(task, {}, deadline);
  }
  if (step.ready) loop.FireArm(task, token != nullptr ? 1 : 0);
}

void ParkOnSeveral(LuaTask& task, CancelToken* token, Instant deadline) {
  const LuaChoice::Plan& plan = task.choice()->plan();
  const int spare = token != nullptr ? 0 : 1;
  if (token != nullptr) plan.arms[0].list = token;
  task.loop().Park(task, plan.arms.subspan(spare),
                   std::min(deadline, plan.deadline));
  if (plan.ready != 0) task.loop().FireArm(task, plan.ready - spare);
}

void Park(lua_State* L, LuaTask& task, const Verb& verb, const LuaStep& step) {
  // Asked for again: the step may have another from now on, or none.
  CancelToken* const token = Token(L, verb);
  const Instant deadline = lua_tointeger(L, verb.wait);
  if (step.several()) {
    ParkOnSeveral(task, token, deadline);
  } else {
    ParkOnOne(task, step, token, deadline);
  }
}

// Runs the step; suspends if it is blocked.
int Attempt(lua_State* L, LuaTask& task, const Verb& verb, bool resumed) {
  const LuaStep step = TryVerb(L, task, verb, resumed);
  if (!step.blocked) return step.results;
  if (!resumed) {
    task.BeginWait();
  } else if (task.cancel_pending() && !verb.uninterruptible) {
    return ReportCancel(L, task, verb);
  }
  Park(L, task, verb, step);
  return Yield(L, task, verb, Continue);
}

// The task whose coroutine this is, after a resumption. Anybody can resume a
// coroutine whom they have got hold of; only the loop may.
LuaTask& Resumed(lua_State* L) {
  LuaTask* const task = TaskAround(L, Runtime::Of(L));
  if (task == nullptr || task->verb() == nullptr) {
    luaL_error(L,
               "a task was resumed with coroutine.resume: only the event "
               "loop resumes tasks");
  }
  task->set_verb(nullptr);
  return *task;
}

int Continue(lua_State* L, int, lua_KContext context) {
  return Attempt(L, Resumed(L), *reinterpret_cast<const Verb*>(context), true);
}

int ContinueAfterPause(lua_State* L, int, lua_KContext context) {
  LuaTask& task = Resumed(L);
  const Verb& verb = *reinterpret_cast<const Verb*>(context);
  if (task.cancel_pending() && !verb.uninterruptible) {
    return ReportCancel(L, task, verb);
  }
  return verb.step == nullptr ? 0 : Attempt(L, task, verb, false);
}

int Pause(lua_State* L, LuaTask& task, const Verb& verb) {
  task.BeginWait();
  task.loop().Schedule(task);
  return Yield(L, task, verb, ContinueAfterPause);
}

}  // namespace

LuaStep TryVerb(lua_State* L, LuaTask& task, const Verb& verb, bool resumed) {
  if (!resumed) {
    const CancelToken* const token = Token(L, verb);
    if (token != nullptr && token->cancelled()) {
      return GiveUp(L, task, verb, "cancelled");
    }
  }
  const LuaStep step = verb.step(L, task, resumed);
  if (!step.blocked) return step;
  if (!resumed) {
    const Nanos timeout = lua_tointeger(L, verb.wait);
    if (timeout != kNever) {
      lua_pushinteger(L, After(task.loop().FreshNow(), timeout));
      lua_replace(L, verb.wait);
    }
    return step;
  }
  const CancelToken* const token = Token(L, verb);
  // Before the task's own: the loser of a race that waits with the race's
  // token is told as the token promises, and raised at from then on.
  if (token != nullptr && token->cancelled()) {
    return GiveUp(L, task, verb, "cancelled");
  }
  if (task.cancel_pending() && !verb.uninterruptible) return step;
  if (lua_tointeger(L, verb.wait) > task.loop().now()) return step;
  return GiveUp(L, task, verb, "timeout");
}

LuaStep Failed(lua_State* L, absl::string_view message) {
  lua_pushnil(L);
  lua_pushlstring(L, message.data(), message.size());
  return LuaStep::Done(2);
}

LuaTask& CheckCanSuspend(lua_State* L, Runtime& runtime, const Verb& verb) {
  LuaTask* const task = runtime.TaskOn(L);
  if (task == nullptr || !lua_isyieldable(L)) {
    RaiseCannotSuspend(L, runtime, verb);
  }
  return *task;
}

int Drive(lua_State* L, Runtime& runtime, const Verb& verb) {
  if (IsTwin(L)) return PushOp(L, runtime, verb);
  LuaTask& task = CheckCanWait(L, runtime, verb);
  // A cancellation is reported only after a turn was given up, so that a loop
  // of pcalls cannot starve the others; and so it is with the budget.
  if (task.cancel_pending() || !runtime.Spend()) return Pause(L, task, verb);
  return Attempt(L, task, verb, false);
}

int DriveAfterPause(lua_State* L, Runtime& runtime, const Verb& verb) {
  return Pause(L, CheckCanWait(L, runtime, verb), verb);
}

int StandStill(lua_State* L) { return lua_yield(L, 0); }

}  // namespace lev::lua
