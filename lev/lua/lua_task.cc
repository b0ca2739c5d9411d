// What this file fights: a computation that lives on a Lua stack.
//
// Lua raises errors with longjmp, which skips C++ destructors. The scheduler
// therefore touches Lua only in four ways: lua_resume, which catches all that
// happens inside the task; CloseThread, which catches likewise;
// Runtime::Protect for what may run out of memory; and calls that cannot raise
// (pushing what exists, raw access to table slots that exist, user values).
//
// The outcome of a body stays where Lua leaves it, on the thread's stack,
// while cleanups run on top of it; a thread that ended can be resumed again
// with a new function. Only then does it move to the user value, because a
// handle may outlive the thread, which is used again at once.
//
// A task that never suspends never owns a thread: it runs on the topmost of
// the pool, which nobody else can want meanwhile.
//
// Errors: the traceback is taken from the failed thread before anything is
// unwound; then the thread is closed, which runs its to-be-closed variables,
// and can be used for the cleanups.

#include "lev/lua/lua_task.h"

#include <new>
#include <utility>

#include "lev/lua/lua_cleanup.h"
#include "lev/lua/lua_current.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_token.h"

namespace lev::lua {

LuaTask::LuaTask(Runtime& runtime, Scope& scope, uint32_t slot, uint32_t site,
                 bool packed)
    : Task(scope, runtime.BeginTask(), runtime.SpawnerId(scope)),
      runtime_(runtime),
      spawned_(runtime.loop().FreshNow()),
      waiting_since_(spawned_),
      slot_(slot),
      site_(site),
      packed_(packed) {}

LuaTask& LuaTask::Spawn(lua_State* L, Runtime& runtime, Scope& scope,
                        int function, int extra) {
  if (extra > 0) {
    lua_createtable(L, extra + 1, 0);
    lua_insert(L, -1 - extra);
    for (int i = extra; i >= 1; --i) lua_rawseti(L, -1 - i, i + 1);
    lua_pushvalue(L, function);
    lua_rawseti(L, -2, 1);
    function = lua_gettop(L);
  }
  void* const memory = lua_newuserdatauv(L, sizeof(LuaTask), 1);
  lua_pushvalue(L, function);
  lua_setiuservalue(L, -2, 1);
  if (extra > 0) lua_replace(L, function);
  const bool has_locals = InheritLocals(L, runtime);
  const uint32_t slot = runtime.tasks().Keep(L);
  // From here on nothing raises.
  const uint32_t site = runtime.sites().Caller(L);
  auto* const task =
      new (memory) LuaTask(runtime, scope, slot, site, extra > 0);
  task->outcome_size_ = extra;
  task->has_locals_ = has_locals;
  runtime.task_kind.Adopt(L);
  runtime.loop().Schedule(*task);
  return *task;
}

void OpenAside(lua_State* L, Runtime& runtime) {
  lua_State* const thread = lua_newthread(L);
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, StandStill, 1);
  lua_xmove(L, thread, 1);
  int results = 0;
  lua_resume(thread, L, 0, &results);
  luaL_ref(L, LUA_REGISTRYINDEX);
  runtime.threads().set_aside(thread);
}

std::string LuaTask::name() const {
  return extras_ == nullptr ? std::string() : extras_->name;
}

void LuaTask::SetName(lua_State* L, int index, const char* name) {
  const int self = lua_absindex(L, index);
  runtime_.PushNames(L);
  lua_pushvalue(L, self);
  lua_pushstring(L, name);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  extras().name = name;
}

LuaTask::Extras& LuaTask::extras() {
  if (extras_ == nullptr) extras_ = std::make_unique<Extras>();
  return *extras_;
}

void LuaTask::PushSelf(lua_State* L) const { runtime_.tasks().Push(L, slot_); }

TaskScope& LuaTask::OpenScope(Scope::Policy policy, bool around) {
  extras().scopes.push_back(std::make_unique<TaskScope>(*this, policy, around));
  return *extras_->scopes.back();
}

// Its scopes will not see to their ends themselves: their children are aborted,
// and their cleanups become the task's own, those of the innermost first.
void LuaTask::AbandonScopes() {
  AbortChildren();
  if (extras_ == nullptr) return;
  for (const std::unique_ptr<TaskScope>& scope : extras_->scopes) {
    scope->cleanups().MoveTo(extras_->cleanups);
  }
}

void LuaTask::Proceed() {
  if (raw_yield_) return CancelRawYield();
  runtime_.Enter(*this);
  if (phase_ == Phase::kNew) return Begin();
  if (WasClosed()) {
    runtime_.LoseTask(*this);
    verb_ = nullptr;
  }
  Resume(0);
}

// By the user, who has got hold of the coroutine while a verb was suspended in
// it: the verb's values are gone.
bool LuaTask::WasClosed() const {
  return verb_ != nullptr && lua_status(innermost()) != LUA_YIELD;
}

void LuaTask::Begin() {
  ThreadPool& threads = runtime_.threads();
  if (threads.empty() && !runtime_.Protect(AddThread, &threads, 0)) {
    return FailWithoutMemory();
  }
  thread_ = threads.top();
  const int arguments = packed_ ? outcome_size_ : 0;
  if (!lua_checkstack(thread_, arguments + LUA_MINSTACK)) {
    thread_ = nullptr;
    lua_pushliteral(runtime_.host(), "not enough memory");
    return FailWithoutMemory();
  }
  phase_ = Phase::kBody;
  PushFunction(arguments);
  Resume(arguments);
}

// Protected.
int LuaTask::AddThread(lua_State* L) {
  static_cast<ThreadPool*>(lua_touserdata(L, 1))->AddNew(L);
  return 0;
}

// Moves the function and its arguments to the thread.
void LuaTask::PushFunction(int arguments) {
  lua_State* const L = runtime_.host();
  const int top = lua_gettop(L);
  PushSelf(L);
  lua_getiuservalue(L, -1, 1);
  if (!packed_) lua_xmove(L, thread_, 1);
  for (int i = 1; packed_ && i <= arguments + 1; ++i) {
    lua_rawgeti(L, -1, i);
    lua_xmove(L, thread_, 1);
  }
  lua_settop(L, top);
  packed_ = false;
  outcome_size_ = 0;
}

void LuaTask::Resume(int arguments) {
  int results = 0;
  ++runs_;
  Onlookers& onlookers = runtime_.onlookers();
  onlookers.Resuming(*this);
  const int status = lua_resume(thread_, runtime_.host(), arguments, &results);
  onlookers.Returned(*this);
  runtime_.Leave();
  if (status == LUA_YIELD) {
    Suspended(results);
    return onlookers.Report(*this);
  }
  onlookers.Report(*this);
  if (phase_ == Phase::kBody) return BodyEnded(status, results);
  if (status != LUA_OK) CleanupsFailed();
  Conclude();
}

void LuaTask::Suspended(int yielded) {
  if (yielded > 0) lua_pop(thread_, yielded);
  if (!owns_thread_) TakeThread();
  // Not by a verb of lev: the user's own coroutine.yield.
  if (state() == State::kIdle && yields_turns_) loop().Schedule(*this);
  if (state() == State::kIdle) {
    // Nothing wakes it.
    raw_yield_ = true;
    BeginWait();
    loop().Park(*this, {});
    if (cancel_pending()) loop().Wake(*this);
  }
  if (abort_requested()) Abort();
}

// The thread moves from the pool to the user value.
void LuaTask::TakeThread() {
  owns_thread_ = true;
  runtime_.threads().Drop();
  lua_State* const L = runtime_.host();
  PushSelf(L);
  lua_pushthread(thread_);
  lua_xmove(thread_, L, 1);
  SetUserValue(L);
}

// After PushSelf: takes the value on top as the user value.
void LuaTask::SetUserValue(lua_State* L) {
  lua_setiuservalue(L, -2, 1);
  lua_pop(L, kSelfSize);
}

void LuaTask::BodyEnded(int status, int results) {
  guest_ = nullptr;
  if (status == LUA_OK) {
    outcome_ = Status::kDone;
    outcome_size_ = results;
  } else {
    CatchError();
  }
  // Open scopes are left only if the user has resumed or closed the thread.
  AbandonScopes();
  if (!BeginCleanups()) Conclude();
}

// Only a cancellation wakes a raw coroutine.yield, and there is no lev call to
// report it from: the body ends here.
void LuaTask::CancelRawYield() {
  raw_yield_ = false;
  AbandonScopes();
  Unwind();
  lua_State* const L = runtime_.host();
  PushReason(L, cancel_reason());
  lua_xmove(L, thread_, 1);
  outcome_ = Status::kCancelled;
  outcome_size_ = 1;
  if (!BeginCleanups()) Conclude();
}

// Empties the thread: its to-be-closed variables run, and cannot suspend. What
// they raise is logged; the error that they were closed for is known.
void LuaTask::Unwind() {
  lua_State* const L = runtime_.host();
  const int top = lua_gettop(L);
  const Runtime::Unwinding unwinding(runtime_, *this);
  lua_pushnil(L);
  if (lua_status(thread_) > LUA_YIELD) {
    lua_pushvalue(thread_, -1);
    lua_xmove(thread_, L, 1);
  }
  if (CloseThread(thread_, L) != LUA_OK) {
    lua_xmove(thread_, L, 1);
    if (!lua_rawequal(L, -1, -2)) LogCleanupError(L, runtime_, *this);
  }
  lua_settop(thread_, 0);
  lua_settop(L, top);
}

// Runs the cleanups on top of the outcome. False if there are none.
bool LuaTask::BeginCleanups() {
  if (extras_ == nullptr || extras_->cleanups.empty()) return false;
  phase_ = Phase::kCleanups;
  Shield();
  lua_pushcfunction(thread_, RunCleanups);
  lua_pushlightuserdata(thread_, &runtime_);
  runtime_.Enter(*this);
  Resume(1);
  return true;
}

// Their runner itself was out of memory, or the user has closed the thread:
// that is the outcome, and those that are left can run only without it.
void LuaTask::CleanupsFailed() {
  lua_State* const L = runtime_.host();
  lua_xmove(thread_, L, 1);
  AbandonScopes();
  {
    const Runtime::Unwinding unwinding(runtime_, *this);
    RunCleanupsNow(L, runtime_, *this);
  }
  CloseThread(thread_, L);
  lua_settop(thread_, 0);
  lua_xmove(L, thread_, 1);
  outcome_ = Status::kFailed;
  outcome_size_ = 1;
}

// Moves the outcome to the user value, gives the thread back, and ends.
void LuaTask::Conclude() {
  lua_State* const L = runtime_.host();
  packed_ = outcome_size_ > 1;
  PushSelf(L);
  if (packed_ && !runtime_.Protect(PackOutcome, this, 1)) {
    outcome_ = Status::kFailed;
    outcome_size_ = 1;
    packed_ = false;
  } else if (outcome_size_ == 0) {
    lua_pushnil(L);
  } else if (!packed_) {
    lua_xmove(thread_, L, 1);
  }
  ReturnThread();
  SetUserValue(L);
  End(outcome_);
}

void LuaTask::ReturnThread() {
  if (thread_ == nullptr) return;
  lua_settop(thread_, 0);
  // A debugger's hook was for this task, not for the thread's next one.
  if (lua_gethook(thread_) != nullptr) lua_sethook(thread_, nullptr, 0, 0);
  if (owns_thread_) {
    lua_State* const L = runtime_.host();
    lua_pushthread(thread_);
    lua_xmove(thread_, L, 1);
    runtime_.threads().Add(L);
    owns_thread_ = false;
  }
  thread_ = nullptr;
}

void LuaTask::DestroyComputation() {
  if (runtime_.closing()) return;
  lua_State* const L = runtime_.host();
  if (thread_ != nullptr) {
    if (WasClosed()) {
      runtime_.LoseTask(*this);
    } else if (verb_ != nullptr && verb_->give_up != nullptr) {
      verb_->give_up(innermost(), *this);
    }
    guest_ = nullptr;
    Unwind();
    ReturnThread();
  }
  AbandonScopes();
  if (extras_ != nullptr) {
    const Runtime::Unwinding unwinding(runtime_, *this);
    RunCleanupsNow(L, runtime_, *this);
  }
  outcome_size_ = 0;
  packed_ = false;
  PushSelf(L);
  lua_pushnil(L);
  SetUserValue(L);
}

void LuaTask::Drop() {
  if (ended()) return;
  AbortChildren();
  End(Status::kAborted);
}

void LuaTask::Ended(bool joined) {
  runtime_.EndTask();
  if (joined) Observe();
  spawned_ = loop().FreshNow() - spawned_;
  thread_ = nullptr;
  verb_ = nullptr;
  if (locks_ > 0 && !runtime_.closing()) LoseLocks();
  if (status() != Status::kFailed || observed_ || runtime_.closing()) {
    return Release();
  }
  // Left open, if the user closed the coroutine; they have alarms.
  if (extras_ != nullptr) extras_->scopes.clear();
  if (!detached_) return runtime_.failures().Add(runtime_, *this);
  LogFailure(runtime_);
  Release();
}

void LuaTask::Release() {
  extras_.reset();
  if (pinned_) {
    released_ = true;
    return;
  }
  if (!runtime_.closing()) runtime_.tasks().Free(runtime_.host(), slot_);
}

}  // namespace lev::lua
