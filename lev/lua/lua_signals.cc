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
#include "lev/lua/lua_test_bed.h"
#include "lev/testing/memory_process.h"

namespace lev::lua {

LuaSignals::LuaSignals(Runtime& runtime) : runtime_(runtime) {
  runtime.Own(*this);
}

LuaSignals::Processes::value_type& LuaSignals::Here() {
  return *processes_.try_emplace(&ProcessOf(runtime_, runtime_.acting())).first;
}

absl::Status LuaSignals::Take(Processes::value_type& here, int signal) {
  auto& [process, taken] = here;
  if (taken.source == nullptr) {
    taken.source = std::make_unique<SignalSource>(runtime_.loop(), *process);
  }
  absl::Status added = taken.source->Add(signal);
  if (added.ok() && taken.dispatcher == nullptr) {
    taken.dispatcher = std::make_unique<SignalDispatcher>(
        runtime_.loop(), *taken.source,
        [this, &here](int came) { Deliver(here, came); });
  }
  return added;
}

absl::Status LuaSignals::Add(int signal, LuaRef handler) {
  Processes::value_type& here = Here();
  absl::Status taken = Take(here, signal);
  if (taken.ok()) here.second.handlers.push_back({signal, std::move(handler)});
  return taken;
}

absl::Status LuaSignals::Await(int signal) {
  Processes::value_type& here = Here();
  absl::Status taken = Take(here, signal);
  if (taken.ok()) here.second.awaited.try_emplace(signal);
  return taken;
}

AwaitedSignal* LuaSignals::FindAwaited(const LuaTask& task, int signal) {
  const auto found = processes_.find(&ProcessOf(runtime_, &task));
  if (found == processes_.end()) return nullptr;
  AwaitedSignals& awaited = found->second.awaited;
  const auto place = awaited.find(signal);
  return place == awaited.end() ? nullptr : &place->second;
}

void LuaSignals::Remove(int signal) {
  Taken& taken = Here().second;
  std::erase_if(taken.handlers, [signal](const Handler& handler) {
    return handler.signal == signal;
  });
  if (taken.source != nullptr && !taken.awaited.contains(signal)) {
    taken.source->Remove(signal);
  }
}

void LuaSignals::Forget(ProcessCalls& process) {
  Processes::node_type taken = processes_.extract(&process);
  if (taken.empty()) return;
  taken.mapped().handlers.clear();
  ended_.push_back(std::move(taken));
}

void LuaSignals::EndOfRun() {
  processes_.clear();
  ended_.clear();
}

void LuaSignals::LoseTask(const LuaTask& task) {
  for (auto& [process, taken] : processes_) {
    for (auto& [signal, awaited] : taken.awaited) awaited.Leave(task);
  }
}

struct LuaSignals::Call {
  Runtime& runtime;
  Processes::value_type& there;
  size_t index;
  int signal;
};

// Protected. To call this may have run finalizers, which took it back.
int LuaSignals::SpawnHandler(lua_State* L) {
  const Call& call = *static_cast<const Call*>(lua_touserdata(L, 1));
  const auto& [process, taken] = call.there;
  if (!taken.Handles(call.index, call.signal)) return 0;
  Runtime& runtime = call.runtime;
  taken.handlers[call.index].function.Push(L);
  lua_pushinteger(L, call.signal);
  LuaTask& task = LuaTask::Spawn(L, runtime, runtime.root(), 2, 1);
  task.Detach();
  if (runtime.test_bed() != nullptr) {
    runtime.test_bed()->Move(task.id(), static_cast<MemoryProcess&>(*process));
  }
  const int handle = lua_gettop(L);
  task.SetName(L, handle, lua_pushfstring(L, "signal %d", call.signal));
  return 0;
}

void LuaSignals::Spawn(Call call) {
  if (runtime_.Protect(SpawnHandler, &call, 0)) return;
  lua_State* const L = runtime_.host();
  const char* const error = lua_tostring(L, -1);
  const std::string message =
      absl::StrCat("a handler of signal ", call.signal,
                   " could not be started: ", error != nullptr ? error : "?");
  lua_pop(L, 1);
  runtime_.logger().Log(runtime_, "error", message);
}

// The handlers only become ready here: what they do comes later. A signal that
// is taken comes to no sigaction handler any more, such as that of the dump.
// By index: finalizers and the logger may add handlers and take them back.
void LuaSignals::Deliver(Processes::value_type& there, int signal) {
  DumpOnSignal(runtime_, signal);
  Taken& taken = there.second;
  const auto awaited = taken.awaited.find(signal);
  if (awaited != taken.awaited.end()) awaited->second.Came();
  for (size_t i = 0; i < taken.handlers.size(); ++i) {
    if (taken.Handles(i, signal)) Spawn({runtime_, there, i, signal});
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
