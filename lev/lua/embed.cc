// What Lua may raise runs in protected calls. Their C++ objects live outside:
// a raise leaves them as they are, for their owner.

#include "lev/lua/embed.h"

#include <utility>

#include "absl/strings/cord.h"
#include "lev/loop/check.h"
#include "lev/lua/embed_function.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/module.h"
#include "lev/task/cancel_reason.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_verbs.h"
#include "lev/task/task_error.h"

namespace lev {

using lua::LuaTask;
using lua::Runtime;

// One call of Lua code, from the first moment to the last.
struct LuaHost::Request : Link {
  Request(LuaHost& host, const Code& code_in)
      : runtime(*host.runtime_), code(code_in) {
    InsertBefore(host.calls_);
  }
  ~Request() {
    Unlink();
    if (task != nullptr) task->Unpin();
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // The host goes, and the state perhaps as well, before the call goes on.
  void Lose() {
    lost = true;
    Unlink();
    scope->AbortAll();
    std::exchange(task, nullptr)->Unpin();
  }

  // Protected; the request is their argument. Makes the task; reads what came
  // of it.
  static int Start(lua_State* L);
  static int Finish(lua_State* L);
  void PushFunction(lua_State* L) const;
  void ReadError(lua_State* L, int index);
  void ReadReason(lua_State* L, int index);

  Runtime& runtime;
  const Code& code;
  Scope* scope = nullptr;
  LuaTask* task = nullptr;  // Pinned.
  bool lost = false;
  absl::Status status;
  std::string traceback;
  LuaValues results;
};

namespace {

constexpr char kTracebackPayload[] = "lev.traceback";

int Open(lua_State* L) {
  PreloadLev(L);
  luaL_requiref(L, "lev", luaopen_lev, false);
  auto** const runtime = static_cast<Runtime**>(lua_touserdata(L, 1));
  *runtime = &Runtime::Open(L);
  lua::HostFunction::OpenCalls(L, **runtime);
  return 0;
}

}  // namespace

void PreloadLev(lua_State* L) { lua::PreloadModules(L); }

LuaHost::LuaHost(lua_State* L, Scope& root) : state_(L) {
  // What tasks and their ends need at a time; a run within a call has it, too.
  lua_checkstack(L, 4 * LUA_MINSTACK);
  lua_pushcfunction(L, Open);
  lua_pushlightuserdata(L, &runtime_);
  const bool opened = lua_pcall(L, 1, 0, 0) == LUA_OK;
  LEV_CHECK(opened, "a Lua state has no memory for lev");
  LEV_CHECK(!runtime_->running(), "a Lua state has two runs");
  runtime_->BeginHostedRun(L, root);
}

LuaHost::~LuaHost() {
  while (calls_.linked()) static_cast<Request*>(calls_.next)->Lose();
  runtime_->EndRun();
}

void LuaHost::Request::PushFunction(lua_State* L) const {
  const std::string& text = code.text;
  if (code.kind == Code::Kind::kGlobal) {
    lua_pushglobaltable(L);
    lua_pushlstring(L, text.data(), text.size());
    if (lua_gettable(L, -2) == LUA_TFUNCTION) return;
    luaL_error(L, "no global function '%s'", text.c_str());
  }
  const int loaded = code.kind == Code::Kind::kFile
                         ? luaL_loadfile(L, text.c_str())
                         : luaL_loadbufferx(L, text.data(), text.size(),
                                            code.name.c_str(), "t");
  if (loaded != LUA_OK) lua_error(L);
}

int LuaHost::Request::Start(lua_State* L) {
  Request& self = *static_cast<Request*>(lua_touserdata(L, 1));
  const int count = static_cast<int>(self.code.arguments.size());
  luaL_checkstack(L, count + LUA_MINSTACK, "too many arguments");
  self.PushFunction(L);
  const int function = lua_gettop(L);
  for (const LuaValue& value : self.code.arguments) lua::PushValue(L, value);
  LuaTask& task = LuaTask::Spawn(L, self.runtime, *self.scope, function, count);
  task.Pin();
  task.Observe();
  self.task = &task;
  // Without the mark that is for Lua's messages.
  const char* const name = self.code.name.c_str();
  task.SetName(L, -1, name + (name[0] == '=' ? 1 : 0));
  return 0;
}

// The text of the value at `index`, and behind it perhaps a traceback.
void LuaHost::Request::ReadError(lua_State* L, int index) {
  size_t size;
  const char* const message = luaL_tolstring(L, index, &size);
  status = absl::UnknownError(absl::string_view(message, size));
  if (lua_type(L, index + 1) == LUA_TSTRING) {
    traceback = lua_tostring(L, index + 1);
  }
}

// It was cancelled because of the value at `index`, if that is not nil.
void LuaHost::Request::ReadReason(lua_State* L, int index) {
  status = CancelledBecause(nullptr);
  if (lua_isnoneornil(L, index)) return;
  size_t size;
  const char* const text = luaL_tolstring(L, index, &size);
  const CancelReason reason(std::string(text, size));
  status = CancelledBecause(&reason);
}

int LuaHost::Request::Finish(lua_State* L) {
  Request& self = *static_cast<Request*>(lua_touserdata(L, 1));
  self.task->PushSelf(L);
  const int handle = lua_gettop(L);
  const int count = self.task->PushOutcome(L, handle);
  const int first = handle + 1;
  switch (self.task->status()) {
    case Task::Status::kDone:
      self.status =
          lua::ReadValues(L, first, handle + count, "result", self.results);
      break;
    case Task::Status::kCancelled:
      self.ReadReason(L, first + 2);
      break;
    case Task::Status::kAborted:
      self.status = TaskAbortedError();
      break;
    default:
      lua_settop(L, handle + count);
      lua_pushnil(L);
      self.ReadError(L, first + 1);
  }
  return 0;
}

Co<LuaOutcome> LuaHost::Run(Code code) {
  CoTask& self = co_await CurrentTask();
  if (self.cancel_pending()) {
    absl::Status cancelled = co_await Yield();
    if (!cancelled.ok()) co_return cancelled;
  }
  Request request(*this, code);
  CoScope scope(self, {.policy = Scope::Policy::kCollect}, false);
  request.scope = &scope;
  if (!runtime_->Protect(Request::Start, &request, 0)) {
    const char* const message = lua_tostring(state_, -1);
    absl::Status error = absl::InvalidArgumentError(
        message != nullptr ? message : "an error that is no text");
    lua_pop(state_, 1);
    co_return error;
  }
  co_await AllEnded(scope);
  scope.Close();
  if (request.lost) co_return TaskAbortedError();
  if (!runtime_->Protect(Request::Finish, &request, 0)) {
    lua_pop(state_, 1);
    co_return absl::ResourceExhaustedError("not enough memory");
  }
  if (!request.traceback.empty()) {
    request.status.SetPayload(kTracebackPayload, absl::Cord(request.traceback));
  }
  if (!request.status.ok()) co_return request.status;
  co_return std::move(request.results);
}

Co<LuaOutcome> LuaHost::RunString(std::string text, std::string name,
                                  LuaValues arguments) {
  return Run(Code(Code::Kind::kText, std::move(text), "=" + name,
                  std::move(arguments)));
}

Co<LuaOutcome> LuaHost::RunFile(std::string path, LuaValues arguments) {
  std::string name = path;
  return Run(Code(Code::Kind::kFile, std::move(path), std::move(name),
                  std::move(arguments)));
}

Co<LuaOutcome> LuaHost::Call(std::string name, LuaValues arguments) {
  std::string text = name;
  return Run(Code(Code::Kind::kGlobal, std::move(text), std::move(name),
                  std::move(arguments)));
}

bool LuaHost::Register(std::string name, LuaFunction function) {
  auto* const owned =
      new lua::HostFunction(*runtime_, std::move(name), std::move(function));
  if (runtime_->Protect(lua::HostFunction::Add, owned, 0)) return true;
  lua_pop(state_, 1);
  return false;
}

std::string LuaTracebackOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kTracebackPayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace lev
