#include "lev/lua/embed_function.h"

#include <optional>

#include "absl/status/status.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_token.h"
#include "lev/task/co_spawn.h"
#include "lev/task/scope.h"
#include "lev/task/task_error.h"

namespace lev::lua {
namespace {

// Stack of a call: 1 the call, 2 and 3 the driver's.
constexpr int kCall = 1;
constexpr int kWait = 2;

class HostCall final : public Boxed {
 public:
  HostCall(Runtime& runtime, LuaTask& task)
      : task_(task), scope_(std::in_place, task, Scope::Policy::kCollect) {
    runtime.Own(*this);
  }
  ~HostCall() override { Drop(); }

  void Begin(const std::string& name, Co<LuaOutcome> co) {
    coroutine_ = Spawn(*scope_, name, std::move(co));
  }
  Scope& scope() { return *scope_; }
  // How it ended; closes the scope.
  LuaOutcome& Finish() {
    scope_.reset();
    outcome_ = coroutine_.outcome();
    coroutine_ = {};
    return outcome_;
  }
  // Nobody waits for it any more.
  void Drop() {
    if (scope_.has_value()) scope_->AbortAll();
    scope_.reset();
    coroutine_ = {};
  }

  void EndOfRun() override { Drop(); }
  void LoseTask(const LuaTask& task) override {
    if (&task == &task_) Drop();
  }

 private:
  const LuaTask& task_;
  std::optional<Scope> scope_;
  JoinHandle<LuaOutcome> coroutine_;
  LuaOutcome outcome_;  // Lua may be out of memory before it has it all.
};

HostCall& CallAt(lua_State* L) { return ObjectKind::At<HostCall>(L, kCall); }

int PushFailure(lua_State* L, const absl::Status& status) {
  const int pushed = PushError(L, status);
  const std::string reason = ReasonOf(status);
  if (reason.empty()) return pushed;
  PushMessage(L, reason);
  return pushed + 1;
}

LuaStep CallStep(lua_State* L, LuaTask& task, bool) {
  HostCall& call = CallAt(L);
  if (call.scope().live() > 0) return LuaStep::Blocked(call.scope());
  const LuaOutcome& outcome = call.Finish();
  if (absl::IsCancelled(outcome.status()) && task.cancel_pending()) {
    RaiseCancelled(L, task);
  }
  if (!outcome.ok()) return LuaStep::Done(PushFailure(L, outcome.status()));
  const int count = static_cast<int>(outcome->size());
  luaL_checkstack(L, count, "too many results");
  for (const LuaValue& value : *outcome) PushValue(L, value);
  return LuaStep::Done(count);
}

int DropCall(lua_State* L, LuaTask&) {
  CallAt(L).Drop();
  return 0;
}

constexpr luaL_Reg kMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::host_call_kind, HostCall>}, {nullptr, nullptr}};

// Apart from its caller, which raises. The box is on top of the stack.
void Begin(lua_State* L, Runtime& runtime, LuaTask& task,
           const std::string& name, LuaFunction& function, int count) {
  LuaValues arguments;
  ReadValues(L, 1, count, "argument", arguments).IgnoreError();
  auto* const call = new HostCall(runtime, task);
  runtime.host_call_kind.Fill(L, call);
  call->Begin(name, function(std::move(arguments)));
}

}  // namespace

HostFunction::HostFunction(Runtime& runtime, std::string name,
                           LuaFunction function)
    : name_(std::move(name)),
      function_(std::move(function)),
      verb_{.name = name_.c_str(),
            .wait = kWait,
            .step = CallStep,
            .give_up = DropCall,
            .uninterruptible = true},
      not_begun_{.name = name_.c_str(), .wait = kWait, .step = nullptr} {
  runtime.Own(*this);
}

void HostFunction::OpenCalls(lua_State* L, Runtime& runtime) {
  runtime.host_call_kind.Push(L);
  const bool known = !lua_isnil(L, -1);  // By an earlier host.
  lua_pop(L, 1);
  if (known) return;
  runtime.host_call_kind.Register(L, "lev.host_call", kMethods, kMeta);
}

int HostFunction::Add(lua_State* L) {
  auto& self = *static_cast<HostFunction*>(lua_touserdata(L, 1));
  Runtime::Open(L);
  lua_pushlightuserdata(L, &self);
  lua_pushcclosure(L, Enter, 2);
  lua_setglobal(L, self.name_.c_str());
  return 0;
}

int HostFunction::Enter(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  auto& self =
      *static_cast<HostFunction*>(lua_touserdata(L, lua_upvalueindex(2)));
  if (self.function_ == nullptr) {
    return luaL_error(L, "%s: its host has gone", self.name_.c_str());
  }
  LuaTask& task = CheckCanSuspend(L, runtime, self.verb_);
  const int count = lua_gettop(L);
  for (int i = 1; i <= count; ++i) {
    if (!IsPlain(L, i)) {
      return luaL_typeerror(L, i, "nil, boolean, number or string");
    }
  }
  if (task.cancel_pending()) {
    lua_settop(L, kCall);
    lua_pushinteger(L, kNever);
    lua_pushnil(L);
    return Drive(L, runtime, self.not_begun_);
  }
  luaL_checkstack(L, LUA_MINSTACK, self.name_.c_str());
  ObjectKind::PushBox(L, 0);
  Begin(L, runtime, task, self.name_, self.function_, count);
  lua_insert(L, kCall);
  lua_settop(L, kCall);
  lua_pushinteger(L, kNever);
  lua_pushnil(L);
  return Drive(L, runtime, self.verb_);
}

}  // namespace lev::lua
