#include "lev/lua/lua_wait_signal.h"

#include "absl/status/status.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_signals.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {
namespace {

// Stack: 1 the signal, 2 and 3 the driver's.

AwaitedSignal* Find(lua_State* L, const LuaTask& task) {
  const auto signal = static_cast<int>(lua_tointeger(L, 1));
  return Runtime::Of(L).signals->FindAwaited(task, signal);
}

// Takes the signal. False, with nil and an error pushed, if that cannot be.
bool Begin(lua_State* L) {
  const auto signal = static_cast<int>(lua_tointeger(L, 1));
  const absl::Status taken = Runtime::Of(L).signals->Await(signal);
  if (!taken.ok()) PushError(L, taken);
  return taken.ok();
}

LuaStep WaitStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed && !Begin(L)) return LuaStep::Done(2);
  AwaitedSignal* const awaited = Find(L, task);
  if (awaited == nullptr) return Failed(L, "closed");  // The run has ended.
  const Step step = awaited->Wait(task);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  awaited->Leave(task);
  lua_pushvalue(L, 1);
  return LuaStep::Done(1);
}

int Leave(lua_State* L, LuaTask& task) {
  AwaitedSignal* const awaited = Find(L, task);
  if (awaited != nullptr) awaited->Leave(task);
  return 0;
}

constexpr Verb kWait = {
    .name = "lev.wait_signal", .wait = 2, .step = WaitStep, .give_up = Leave};

int WaitSignal(lua_State* L) {
  CheckInteger(L, 1, 1, 64);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kWait);
}

constexpr luaL_Reg kFunctions[] = {{"wait_signal", WaitSignal},
                                   {nullptr, nullptr}};

}  // namespace

Step AwaitedSignal::Wait(const LuaTask& task) {
  Turn& turn = turns_.Of(task, "a signal", WaitList::Origin::kOutside);
  if (turn.granted()) {
    TurnQueue::Finish(turn);
    return Step::Done();
  }
  if (turn.queued()) return Step::Blocked(turn);
  if (pending_) {
    pending_ = false;
    return Step::Done();
  }
  queue_.Push(turn, *this);
  return Step::Blocked(turn);
}

void OpenWaitSignal(lua_State* L, Runtime&) {
  AddFunctions(L, kFunctions);
  AddTwins(L, {"wait_signal"});
}

}  // namespace lev::lua
