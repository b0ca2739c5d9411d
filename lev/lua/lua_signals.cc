#include "lev/lua/lua_signals.h"

#include <signal.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_dump_signal.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {

LuaSignals::LuaSignals(Runtime& runtime) : runtime_(runtime) {
  runtime.Own(*this);
}

absl::Status LuaSignals::Take(int signal) {
  if (source_ == nullptr) {
    source_ = std::make_unique<SignalSource>(runtime_.loop());
  }
  absl::Status added = source_->Add(signal);
  if (added.ok() && dispatcher_ == nullptr) {
    dispatcher_ = std::make_unique<SignalDispatcher>(
        runtime_.loop(), *source_, [this](int came) { Deliver(came); });
  }
  return added;
}

absl::Status LuaSignals::Add(int signal, LuaRef handler) {
  absl::Status taken = Take(signal);
  if (taken.ok()) handlers_.push_back({signal, std::move(handler)});
  return taken;
}

absl::Status LuaSignals::Await(int signal) {
  absl::Status taken = Take(signal);
  if (taken.ok()) awaited_.try_emplace(signal);
  return taken;
}

void LuaSignals::Remove(int signal) {
  std::erase_if(handlers_, [signal](const Handler& handler) {
    return handler.signal == signal;
  });
  if (source_ != nullptr && FindAwaited(signal) == nullptr) {
    source_->Remove(signal);
  }
}

void LuaSignals::EndOfRun() {
  dispatcher_.reset();
  source_.reset();
  handlers_.clear();
  awaited_.clear();
}

struct LuaSignals::Call {
  LuaSignals& signals;
  size_t index;
  int signal;
};

// Protected. To call this may have run finalizers, which took it back.
int LuaSignals::SpawnHandler(lua_State* L) {
  const Call& call = *static_cast<const Call*>(lua_touserdata(L, 1));
  const int signal = call.signal;
  if (!call.signals.Handles(call.index, signal)) return 0;
  Runtime& runtime = call.signals.runtime_;
  call.signals.handlers_[call.index].function.Push(L);
  lua_pushinteger(L, signal);
  LuaTask& task = LuaTask::Spawn(L, runtime, runtime.root(), 2, 1);
  task.Detach();
  const int handle = lua_gettop(L);
  task.SetName(L, handle, lua_pushfstring(L, "signal %d", signal));
  return 0;
}

// The handlers only become ready here: what they do comes later. A signal that
// is taken comes to no sigaction handler any more, such as that of the dump.
// By index: finalizers and the logger may add handlers and take them back.
void LuaSignals::Deliver(int signal) {
  DumpOnSignal(runtime_, signal);
  AwaitedSignal* const awaited = FindAwaited(signal);
  if (awaited != nullptr) awaited->Came();
  for (size_t i = 0; i < handlers_.size(); ++i) {
    if (!Handles(i, signal)) continue;
    Call call = {*this, i, signal};
    if (runtime_.Protect(SpawnHandler, &call, 0)) continue;
    lua_State* const L = runtime_.host();
    const char* const error = lua_tostring(L, -1);
    const std::string message =
        absl::StrCat("a handler of signal ", signal,
                     " could not be started: ", error != nullptr ? error : "?");
    lua_pop(L, 1);
    runtime_.logger().Log(runtime_, "error", message);
  }
}

namespace {

int OnSignal(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const auto signal = static_cast<int>(CheckInteger(L, 1, 1, 64));
  luaL_argexpected(L, lua_isfunction(L, 2) || lua_type(L, 2) == LUA_TNIL, 2,
                   "function or nil");
  runtime.CheckRunning(L, "lev.on_signal");
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    runtime.signals->Remove(signal);
    lua_pushboolean(L, true);
    return 1;
  }
  LuaRef handler = LuaRef::Take(L);
  return PushStatus(L, runtime.signals->Add(signal, std::move(handler)));
}

struct Constant {
  const char* name;
  int value;
};

constexpr Constant kConstants[] = {
    {"SIGHUP", SIGHUP},    {"SIGINT", SIGINT},   {"SIGQUIT", SIGQUIT},
    {"SIGABRT", SIGABRT},  {"SIGKILL", SIGKILL}, {"SIGUSR1", SIGUSR1},
    {"SIGUSR2", SIGUSR2},  {"SIGSEGV", SIGSEGV}, {"SIGPIPE", SIGPIPE},
    {"SIGALRM", SIGALRM},  {"SIGTERM", SIGTERM}, {"SIGCHLD", SIGCHLD},
    {"SIGCONT", SIGCONT},  {"SIGSTOP", SIGSTOP}, {"SIGTSTP", SIGTSTP},
    {"SIGTTIN", SIGTTIN},  {"SIGTTOU", SIGTTOU}, {"SIGURG", SIGURG},
    {"SIGXCPU", SIGXCPU},  {"SIGXFSZ", SIGXFSZ}, {"SIGVTALRM", SIGVTALRM},
    {"SIGWINCH", SIGWINCH}};

constexpr luaL_Reg kFunctions[] = {{"on_signal", OnSignal}, {nullptr, nullptr}};

}  // namespace

void OpenSignals(lua_State* L, Runtime& runtime) {
  if (runtime.signals == nullptr) runtime.signals = new LuaSignals(runtime);
  for (const Constant& constant : kConstants) {
    lua_pushinteger(L, constant.value);
    lua_setfield(L, -3, constant.name);
  }
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
