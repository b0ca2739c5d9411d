// Mutexes, and conditions, which need them.

#include <string>

#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_locks.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_sync.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_token.h"
#include "lev/task/rendezvous.h"
#include "lev/task/semaphore.h"

namespace lev::lua {
namespace {

class LuaMutex final : public Boxed {
 public:
  explicit LuaMutex(Runtime& runtime) { runtime.Own(*this); }

  bool HeldBy(const LuaTask* task) const {
    return task != nullptr && holder_ == task;
  }

  bool TryLock(LuaTask& task) {
    if (!mutex_.TryLock()) return false;
    Hold(task);
    return true;
  }

  // Once done, `task` holds it.
  Step Lock(LuaTask& task) {
    const Step step = mutex_.Lock(turns_.Of(task, "a mutex"));
    if (step.done()) {
      Leave(task);
      Hold(task);
    }
    return step;
  }

  // By its holder.
  void Unlock() {
    holder_->AddLocks(-1);
    Release();
  }

  void Leave(const LuaTask& task) { turns_.Drop(task); }
  void LoseTask(const LuaTask& task) override {
    Leave(task);
    if (HeldBy(&task)) Release();
  }

  std::string Describe() const override {
    return holder_ == nullptr ? "free" : "held by " + holder_->Describe();
  }

 private:
  void Hold(LuaTask& task) {
    holder_ = &task;
    task.AddLocks(1);
  }
  void Release() {
    holder_ = nullptr;
    mutex_.Unlock();
  }

  Mutex mutex_;
  LuaTask* holder_ = nullptr;  // Null also while it passes on to the next.
  LuaTurns<Turn> turns_;
};

LuaMutex& CheckMutex(lua_State* L) {
  return CheckSync<LuaMutex, &SyncKinds::mutex>(L);
}

int NewMutex(lua_State* L) {
  CheckNotClosing(L, "lev.mutex");
  ObjectKind::PushBox(L, 0);
  FillSync<LuaMutex>(L, Runtime::Of(L).sync.mutex);
  return 1;
}

LuaStep LockStep(lua_State* L, LuaTask& task, bool resumed) {
  auto& self = ObjectKind::At<LuaMutex>(L, 1);
  if (!resumed && self.HeldBy(&task)) {
    luaL_error(L, "mutex:lock: the task holds it already");
  }
  if (!resumed && self.TryLock(task)) {
    lua_pushboolean(L, true);
    return LuaStep::Done(1);
  }
  return FinishSync(L, self, task, self.Lock(task));
}

constexpr Verb kLock = {.name = "mutex:lock",
                        .wait = 2,
                        .step = LockStep,
                        .give_up = LeaveSync<LuaMutex>};

int Lock(lua_State* L) {
  CheckMutex(L);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kLock);
}

int TryLock(lua_State* L) {
  LuaMutex& self = CheckMutex(L);
  LuaTask* const task = Runtime::Of(L).acting();
  if (task == nullptr) {
    return luaL_error(L, "mutex:try_lock: must be called in a task");
  }
  if (!self.TryLock(*task)) return Failed(L, "busy").results;
  lua_pushboolean(L, true);
  return 1;
}

int Unlock(lua_State* L) {
  LuaMutex& self = CheckMutex(L);
  if (!self.HeldBy(Runtime::Of(L).acting())) {
    return luaL_error(L, "mutex:unlock: the task does not hold it");
  }
  self.Unlock();
  lua_pushboolean(L, true);
  return 1;
}

// Of a to-be-closed variable.
int UnlockIfHeld(lua_State* L) {
  LuaMutex& self = CheckMutex(L);
  if (self.HeldBy(Runtime::Of(L).acting())) self.Unlock();
  return 0;
}

// mutex:with: 1 mutex, 2 function, its arguments; then the results of lock.

int ReturnResults(lua_State* L, int, lua_KContext base) {
  return lua_gettop(L) - static_cast<int>(base);
}

int CallLocked(lua_State* L, int, lua_KContext) {
  const int top = lua_gettop(L);
  if (lua_isnil(L, top - 1)) return 2;
  lua_settop(L, top - 2);
  // Unlocks however the call ends.
  lua_pushvalue(L, 1);
  lua_insert(L, 1);
  lua_toclose(L, 1);
  const int arguments = lua_gettop(L) - 3;
  lua_callk(L, arguments, LUA_MULTRET, 2, ReturnResults);
  return ReturnResults(L, LUA_OK, 2);
}

int With(lua_State* L) {
  CheckMutex(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  luaL_checkstack(L, 6, nullptr);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushcclosure(L, Lock, 1);
  lua_pushvalue(L, 1);
  lua_callk(L, 1, 2, 0, CallLocked);
  return CallLocked(L, LUA_OK, 0);
}

constexpr luaL_Reg kMutexMethods[] = {{"lock", Lock},
                                      {"try_lock", TryLock},
                                      {"unlock", Unlock},
                                      {"with", With},
                                      {nullptr, nullptr}};
constexpr luaL_Reg kMutexMeta[] = {
    {"__close", UnlockIfHeld},
    {"__gc", CollectSync<LuaMutex, &SyncKinds::mutex>},
    {nullptr, nullptr}};

// Its mutex is its userdata's user value.
class LuaCondition final : public Boxed {
 public:
  explicit LuaCondition(Runtime& runtime) { runtime.Own(*this); }

  Condition& condition() { return condition_; }
  Step Wait(const LuaTask& task) {
    return condition_.Wait(turns_.Of(task, "a condition"));
  }
  void Leave(const LuaTask& task) { turns_.Drop(task); }
  void LoseTask(const LuaTask& task) override { Leave(task); }

 private:
  Condition condition_;
  LuaTurns<Turn> turns_;
};

LuaCondition& CheckCondition(lua_State* L) {
  return CheckSync<LuaCondition, &SyncKinds::condition>(L);
}

int NewCondition(lua_State* L) {
  CheckMutex(L);
  lua_settop(L, 1);
  CheckNotClosing(L, "lev.condition");
  ObjectKind::PushBox(L, 1);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  FillSync<LuaCondition>(L, Runtime::Of(L).sync.condition);
  return 1;
}

// condition:wait: 1 condition, 2 and 3 the driver's, 4 the mutex, 5 how the
// wait ended. However it does, the call goes on until it has the mutex again.
enum End : lua_Integer { kWaiting, kNotified, kTimeout, kToken, kCancel };

End HowItEnds(lua_State* L, const LuaTask& task, const Step& step) {
  if (step.done()) return kNotified;
  const CancelToken* const token = TestToken(L, 3);
  if (token != nullptr && token->cancelled()) return kToken;
  if (task.cancel_pending()) return kCancel;
  return lua_tointeger(L, 2) <= task.loop().now() ? kTimeout : kWaiting;
}

// The wait is over: from now on nothing cuts the call short.
void StopWaiting(lua_State* L, End end) {
  lua_pushinteger(L, kNever);
  lua_replace(L, 2);
  lua_pushnil(L);
  lua_replace(L, 3);
  lua_pushinteger(L, end);
  lua_replace(L, 5);
}

LuaStep PushEnd(lua_State* L, const LuaTask& task, lua_Integer end) {
  if (end == kCancel) RaiseCancelled(L, task);
  if (end != kNotified) {
    return Failed(L, end == kTimeout ? "timeout" : "cancelled");
  }
  lua_pushboolean(L, true);
  return LuaStep::Done(1);
}

LuaStep BeginWaiting(lua_State* L, LuaTask& task) {
  auto& self = ObjectKind::At<LuaCondition>(L, 1);
  auto& mutex = ObjectKind::At<LuaMutex>(L, 4);
  if (task.cancel_pending()) RaiseCancelled(L, task);
  if (!mutex.HeldBy(&task)) {
    luaL_error(L, "condition:wait: the task does not hold its mutex");
  }
  const Step step = self.Wait(task);
  mutex.Unlock();
  return LuaStep::Blocked(*step.list);
}

LuaStep WaitStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed) return BeginWaiting(L, task);
  auto& self = ObjectKind::At<LuaCondition>(L, 1);
  if (lua_tointeger(L, 5) == kWaiting) {
    const Step step = self.Wait(task);
    const End end = HowItEnds(L, task, step);
    if (end == kWaiting) return LuaStep::Blocked(*step.list);
    self.Leave(task);
    StopWaiting(L, end);
  }
  const Step step = ObjectKind::At<LuaMutex>(L, 4).Lock(task);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  return PushEnd(L, task, lua_tointeger(L, 5));
}

int LeaveBoth(lua_State* L, LuaTask& task) {
  ObjectKind::At<LuaCondition>(L, 1).Leave(task);
  ObjectKind::At<LuaMutex>(L, 4).Leave(task);
  return 0;
}

constexpr Verb kWait = {.name = "condition:wait",
                        .wait = 2,
                        .step = WaitStep,
                        .give_up = LeaveBoth,
                        .uninterruptible = true};

int Wait(lua_State* L) {
  CheckCondition(L);
  NormalizeWait(L, 2);
  lua_getiuservalue(L, 1, 1);
  lua_pushinteger(L, kWaiting);
  return Drive(L, Runtime::Of(L), kWait);
}

// As an operation: 1 condition, 2 and 3 the driver's, 4 the mutex. Whoever
// performs it takes the mutex again, won or lost.
LuaStep WaitOnlyStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed) return BeginWaiting(L, task);
  auto& self = ObjectKind::At<LuaCondition>(L, 1);
  return FinishSync(L, self, task, self.Wait(task));
}

constexpr Verb kWaitOnly = {.name = "condition:wait",
                            .wait = 2,
                            .step = WaitOnlyStep,
                            .give_up = LeaveSync<LuaCondition>};

int WaitOnly(lua_State* L) {
  CheckCondition(L);
  NormalizeWait(L, 2);
  lua_getiuservalue(L, 1, 1);
  return Drive(L, Runtime::Of(L), kWaitOnly);
}

// Whether the task that performs holds the mutex of the condition at 1.
int HoldsMutex(lua_State* L) {
  CheckCondition(L);
  lua_getiuservalue(L, 1, 1);
  const auto& mutex = ObjectKind::At<LuaMutex>(L, -1);
  lua_pushboolean(L, mutex.HeldBy(Runtime::Of(L).current()));
  return 1;
}

// Takes the mutex of the condition at 1, unless the task has it. One that is
// being aborted goes without.
int Relock(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  CheckCondition(L);
  lua_getiuservalue(L, 1, 1);
  lua_replace(L, 1);
  const LuaTask* const task = runtime.TaskOn(L);
  if (task == nullptr || CheckMutex(L).HeldBy(task)) return 0;
  NormalizeWait(L, 2);
  return Drive(L, runtime, kLock);
}

int PushWoken(lua_State* L, size_t count) {
  lua_pushinteger(L, static_cast<lua_Integer>(count));
  return 1;
}

int Notify(lua_State* L) {
  LuaCondition& self = CheckCondition(L);
  const lua_Integer most =
      lua_isnoneornil(L, 2) ? 1 : CheckInteger(L, 2, 0, LUA_MAXINTEGER);
  return PushWoken(L, self.condition().Notify(static_cast<size_t>(most)));
}

int NotifyAll(lua_State* L) {
  Condition& condition = CheckCondition(L).condition();
  return PushWoken(L, condition.Notify(condition.waiting()));
}

constexpr luaL_Reg kConditionMethods[] = {{"wait", Wait},
                                          {"notify", Notify},
                                          {"notify_all", NotifyAll},
                                          {nullptr, nullptr}};
constexpr luaL_Reg kConditionMeta[] = {
    {"__gc", CollectSync<LuaCondition, &SyncKinds::condition>},
    {nullptr, nullptr}};

constexpr luaL_Reg kFunctions[] = {
    {"mutex", NewMutex}, {"condition", NewCondition}, {nullptr, nullptr}};
constexpr luaL_Reg kForOps[] = {{"condition_wait", WaitOnly},
                                {"holds_mutex", HoldsMutex},
                                {"relock", Relock},
                                {nullptr, nullptr}};

}  // namespace

void AddConditionWait(lua_State* L) {
  AddFunctions(L, kForOps);
  AddTwins(L, {"condition_wait"});
}

void OpenMutexes(lua_State* L, Runtime& runtime) {
  runtime.sync.mutex.Register(L, "lev.mutex", kMutexMethods, kMutexMeta);
  runtime.sync.condition.Register(L, "lev.condition", kConditionMethods,
                                  kConditionMeta);
  AddTwins(L, runtime.sync.mutex, {"lock"});
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
