// The driver: runs a step, suspends the task while it is blocked, and runs it
// again. The only place in lev/lua that yields.
//
// A blocking Lua function checks its arguments, leaves them at fixed places of
// the stack, and ends with `return Drive(L, runtime, verb)`. The verb's step is
// called at once and after every wake, with the same stack; when it is done it
// has pushed its results. So a wake may be spurious, and data that is there
// beats a timeout or a cancellation that came in the same turn.

#ifndef LEV_LUA_LUA_DRIVE_H_
#define LEV_LUA_LUA_DRIVE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "lev/loop/clock.h"
#include "lev/loop/waiter.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {

// What one call of a verb's step came to.
struct LuaStep {
  bool blocked = false;
  bool ready = false;        // Blocked only to let others run (Step::ready).
  int results = 0;           // Pushed, when not blocked.
  WaitList* list = nullptr;  // Where to park; null: only time can tell.

  static LuaStep Done(int results) { return {false, false, results, nullptr}; }
  static LuaStep Blocked(WaitList& list, bool ready = false) {
    return {true, ready, 0, &list};
  }
  static LuaStep BlockedOnTime() { return {true, false, 0, nullptr}; }
  // On what LuaChoice::plan() of the task says.
  static LuaStep BlockedOnSeveral() { return {true, false, kSeveral, nullptr}; }
  bool several() const { return results == kSeveral; }

  static constexpr int kSeveral = -1;
};

// Pushes nil and a message.
LuaStep Failed(lua_State* L, absl::string_view message);

// A blocking Lua function. At stack index `wait` stand two values of the
// driver: the timeout in nanoseconds (once blocked: the deadline), and the
// cancel token or nil.
//
// Nothing that others refer to may live on this stack: a user who has got hold
// of a task's coroutine can close it.
struct Verb {
  const char* name;  // As the user knows it, for errors.
  int wait;

  // `resumed`: this task was blocked in this call before. Until it is called
  // for the first time nothing has begun (lua_op.h). Null: the verb only gives
  // up its turn (DriveAfterPause).
  LuaStep (*step)(lua_State* L, LuaTask& task, bool resumed);

  // The call ends without its step being done: undo what it has begun. Pushes
  // values to return after the error, and returns their count. Null: nothing
  // to undo. Must not raise: an abort calls it on the task's suspended thread.
  int (*give_up)(lua_State* L, LuaTask& task) = nullptr;

  // The step itself reacts to the task's cancellation, which is reported only
  // after it is done (a scope that waits for its children).
  bool uninterruptible = false;

  // A timeout or a cancelled token is raised as an error, instead of returned.
  bool raises = false;

  // What it is called on, for a dump of the suspended `thread`; must not
  // raise. Null: the first handle among its values.
  std::string (*describe)(lua_State* thread) = nullptr;
};

// One try of a verb whose values are the stack: its step, its token, its
// timeout. Done when any of them ends the call, results pushed. A cancellation
// of the task comes before the timeout, and is left to the caller.
LuaStep TryVerb(lua_State* L, LuaTask& task, const Verb& verb, bool resumed);

// Raises unless the task that runs can suspend here, in its own coroutine: for
// those who open something on the task that must end in order.
LuaTask& CheckCanSuspend(lua_State* L, Runtime& runtime, const Verb& verb);

// Ends a blocking function, as its last act. In a twin (lua_op.h) it makes an
// operation of the call instead.
int Drive(lua_State* L, Runtime& runtime, const Verb& verb);

// The same, but gives up one turn first.
int DriveAfterPause(lua_State* L, Runtime& runtime, const Verb& verb);

// A C function that suspends its thread, and does nothing else. A thread that
// stands in it lends its stack (ThreadPool).
int StandStill(lua_State* L);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_DRIVE_H_
