#include "lev/lua/lua_test_process.h"

#include <errno.h>
#include <signal.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_exec_options.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_ref.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_signals.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_test_bed.h"
#include "lev/net/error.h"
#include "lev/net/owned_fd.h"
#include "lev/observe/task_walk.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/memory_process.h"
#include "lev/testing/memory_processes.h"

namespace lev::lua {
namespace {

// Aborts the tasks in `process`, less the one that runs, and forgets what they
// have done with signals. Raises nothing.
void StopProcess(Runtime& runtime, MemoryProcess& process) {
  TestBed* const bed = runtime.test_bed();
  if (bed == nullptr) return;  // The run has ended: there are no tasks.
  absl::flat_hash_set<uint32_t> seen;
  for (;;) {
    Task* next = nullptr;
    ForEachTask(runtime.root(), [&](Task& task) {
      const bool here = &bed->ProcessOf(&task) == &process;
      if (!here || &task == runtime.acting()) return;
      if (!seen.contains(task.id())) next = &task;
    });
    if (next == nullptr) break;
    seen.insert(next->id());
    next->Abort();
  }
  runtime.signals->Forget(process);
}

// The first cleanup of a program's task: its process ends. Upvalue 2 is what
// the program was given, where the code is that it has come to; without one it
// was aborted. Needs no memory.
int Exit(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  TestBed* const bed = runtime.test_bed();
  if (bed == nullptr) return 0;
  MemoryProcess& process = bed->ProcessOf(runtime.acting());
  if (lua_rawgeti(L, lua_upvalueindex(2), 1) == LUA_TNUMBER) {
    process.Exit(static_cast<int>(lua_tointeger(L, -1) & 0xff));
  } else {
    process.Deliver(SIGKILL);
  }
  return 0;
}

// A program that a Lua function is.
class LuaProgram final : public MemoryProgram {
 public:
  LuaProgram(Runtime& runtime, LuaRef function)
      : runtime_(runtime), function_(std::move(function)) {}

  absl::Status Start(MemoryProcess& process) override;
  void Stop(MemoryProcess& process) override { StopProcess(runtime_, process); }

 private:
  struct Call {
    LuaProgram& program;
    MemoryProcess& process;
  };

  static int SpawnTask(lua_State* L);

  Runtime& runtime_;
  const LuaRef function_;
};

// Sets the list of `texts` from `first` on in the table on top.
void SetList(lua_State* L, const char* name,
             const std::vector<std::string>& texts, size_t first) {
  lua_newtable(L);
  for (size_t i = first; i < texts.size(); ++i) {
    lua_pushlstring(L, texts[i].data(), texts[i].size());
    lua_rawseti(L, -2, static_cast<lua_Integer>(i - first) + 1);
  }
  lua_setfield(L, -2, name);
}

// Sets `env`, by names, in the table on top.
void SetEnv(lua_State* L, const std::vector<std::string>& env) {
  lua_newtable(L);
  for (const std::string& variable : env) {
    const size_t equals = variable.find('=');
    const size_t name = equals == variable.npos ? variable.size() : equals;
    const absl::string_view value =
        absl::string_view(variable).substr(name + (equals == name ? 1 : 0));
    lua_pushlstring(L, variable.data(), name);
    lua_pushlstring(L, value.data(), value.size());
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "env");
}

// Fills the box on top. Raises nothing.
void FillStream(lua_State* L, Runtime& runtime, MemoryProcess& process, int i) {
  LuaConnection::Fill(L, runtime, OwnedFd(process.stdio()[i], process.host()),
                      LuaConnection::Kind::kPipe);
  ObjectKind::At<LuaConnection>(L, -1).BecomePart();
}

// The argument of a program.
void PushProcess(lua_State* L, Runtime& runtime, MemoryProcess& process) {
  lua_createtable(L, 0, 7);
  SetList(L, "args", process.argv(), 1);
  SetEnv(L, process.env());
  lua_pushlstring(L, process.cwd().data(), process.cwd().size());
  lua_setfield(L, -2, "cwd");
  lua_pushinteger(L, process.pid());
  lua_setfield(L, -2, "pid");
  for (int i = 0; i < 3; ++i) {
    ObjectKind::PushBox(L, 0);
    FillStream(L, runtime, process, i);
    lua_setfield(L, -2, StdioName(i));
  }
}

// Protected: its task, in the process. With it ends the process, even if there
// is no memory left to run it.
int LuaProgram::SpawnTask(lua_State* L) {
  const Call call = *static_cast<const Call*>(lua_touserdata(L, 1));
  Runtime& runtime = call.program.runtime_;
  call.program.function_.Push(L);
  PushProcess(L, runtime, call.process);
  const int process = lua_gettop(L);
  lua_pushvalue(L, process);
  LuaTask& task = LuaTask::Spawn(L, runtime, runtime.root(), 2, 1);
  runtime.test_bed()->Move(task.id(), call.process);
  task.Detach();
  const int handle = lua_gettop(L);
  task.SetName(
      L, handle,
      lua_pushfstring(L, "pid %d: %s", static_cast<int>(call.process.pid()),
                      call.process.argv()[0].c_str()));
  Runtime::Open(L);
  lua_pushvalue(L, process);
  lua_pushcclosure(L, Exit, 2);
  LuaRef exit = LuaRef::Take(L);
  task.cleanups().Push({.close = false, .value = std::move(exit)});
  return 0;
}

absl::Status LuaProgram::Start(MemoryProcess& process) {
  Call call = {*this, process};
  if (runtime_.Protect(SpawnTask, &call, 0)) return absl::OkStatus();
  lua_pop(runtime_.host(), 1);
  StopProcess(runtime_, process);
  return ErrnoError(ENOMEM);
}

// Apart from its caller, which raises: `function` may be nil.
void SetProgram(Runtime& runtime, MemoryHost& host, absl::string_view name,
                LuaRef function, bool given) {
  std::unique_ptr<MemoryProgram> program;
  if (given) {
    program = std::make_unique<LuaProgram>(runtime, std::move(function));
  }
  host.processes().SetProgram(name, std::move(program));
}

// program(host, name, fn or nil): fn(process) runs as a task, and leaves its
// exit code in process[1].
int Program(lua_State* L) {
  MemoryHost& host = CheckTestHost(L, 1);
  const absl::string_view name = CheckString(L, 2);
  lua_settop(L, 3);
  const bool given = lua_isfunction(L, 3);
  SetProgram(Runtime::Of(L), host, name, LuaRef::Take(L), given);
  return 0;
}

constexpr size_t kMostSignalName = 16;

// Apart from its caller, which raises.
size_t CopySignalName(int signal, char* out) {
  return MemoryProcess::SignalName(signal).copy(out, kMostSignalName);
}

// signal(host, signal) -> nil, or its name: nobody takes it on "main".
int Signal(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  MemoryHost& host = CheckTestHost(L, 1);
  const auto signal = static_cast<int>(CheckInteger(L, 2, 1, 64));
  const bool ends = host.processes().own().WouldEnd(signal);
  const bool allowed = !ends || &host != &runtime.test_bed()->main();
  if (allowed) host.Signal(signal);
  if (allowed && ends) ForgetHost(runtime, host);
  if (allowed) return 0;
  char name[kMostSignalName];
  lua_pushlstring(L, name, CopySignalName(signal, name));
  return 1;
}

// output(host) -> text
int Output(lua_State* L) {
  const std::string& screen = CheckTestHost(L, 1).processes().screen();
  lua_pushlstring(L, screen.data(), screen.size());
  return 1;
}

constexpr luaL_Reg kNative[] = {{"program", Program},
                                {"signal", Signal},
                                {"output", Output},
                                {nullptr, nullptr}};

}  // namespace

void ForgetHost(Runtime& runtime, MemoryHost& host) {
  StopProcess(runtime, host.processes().own());
  runtime.test_bed()->witness().Forgive(host);
}

void OpenTestProcesses(lua_State* L) { AddFunctions(L, kNative); }

}  // namespace lev::lua
