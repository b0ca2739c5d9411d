// The one root of lev in a Lua state.
//
// A userdata in the registry; every C function of the module has it as its
// first upvalue. It lives as long as the state. What belongs to one lev.run
// (clock, poller, loop, root scope) is its World, which exists only meanwhile.
//
// Tasks are resumed from `host`, the state that called lev.run: never one from
// inside another, for nested resumes exhaust the C stack.

#ifndef LEV_LUA_LUA_RUNTIME_H_
#define LEV_LUA_LUA_RUNTIME_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/loop/chance.h"
#include "lev/loop/event_loop.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_failures.h"
#include "lev/lua/lua_kinds.h"
#include "lev/lua/lua_log.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_onlooker.h"
#include "lev/lua/lua_run_options.h"
#include "lev/lua/lua_sites.h"
#include "lev/lua/lua_slots.h"
#include "lev/lua/lua_threads.h"
#include "lev/lua/lua_tls_contexts.h"
#include "lev/lua/lua_world.h"
#include "lev/net/foreign_fds.h"
#include "lev/net/resolver.h"
#include "lev/net/socket_calls.h"
#include "lev/task/scope.h"

namespace lev::lua {

class LuaSignals;
class LuaTask;

class Runtime : public ObjectKinds {
 public:
  // Operations that one resumption of a task may complete before it goes to
  // the back of the ready list.
  static constexpr int kBudget = 128;

  // Makes the runtime of a state and pushes its userdata; later calls push
  // the same. May raise.
  static Runtime& Open(lua_State* L);

  // From within a C function of the module.
  static Runtime& Of(lua_State* L) {
    return *static_cast<Runtime*>(lua_touserdata(L, lua_upvalueindex(1)));
  }

  explicit Runtime(lua_State* L) : main_(L) {}
  ~Runtime() = delete;  // Collect frees what it owns.
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // A run's beginning and end. Between them running() is true.
  absl::Status BeginRun(lua_State* host, const RunOptions& options);
  // The same on the loop of a host, whose tasks are in `root`; both outlive
  // the run.
  void BeginHostedRun(lua_State* host, Scope& root);
  // Aborts what is left, reports failures, closes handles.
  void EndRun();
  bool running() const { return world_ != nullptr; }
  // The run is being torn down: nothing new may begin.
  bool ending() const { return ending_; }
  // Raises unless something new may begin; `verb` is who asks.
  void CheckRunning(lua_State* L, const char* verb) const {
    if (running() && !ending_) return;
    luaL_error(L, "%s: must be called within lev.run", verb);
  }

  EventLoop& loop() { return world_->loop; }
  // Where sockets are made.
  SocketCalls& sockets();
  ForeignFds& foreign_fds() { return world_->foreign_fds; }
  Resolver& resolver();
  // For all lookups to come, in this run and in others.
  void SetResolverOptions(ResolverOptions options);
  Scope& root() { return world_->root; }
  // The host's, or null.
  Scope* hosts_root() { return world_->hosts_root; }
  // Of lev.test.run; otherwise null.
  TestBed* test_bed() { return bed_; }
  // What the network has to say: of the run, or of the last one.
  const std::string& test_trace() const;
  // What the program, a test, has left behind: "" if nothing.
  std::string DescribeLeftovers() const;
  // The state from which tasks are resumed; the main one outside a run.
  lua_State* host() const { return host_ != nullptr ? host_ : main_; }
  // The state is being closed: no Lua code may be run.
  bool closing() const { return closing_; }

  // The task that runs now, or null.
  LuaTask* current() const { return current_; }
  // The same, or the task that is being unwound.
  LuaTask* acting() const {
    return current_ || !unwinding_ ? current_ : &unwinding_->task_;
  }
  // The same, if `L` is its own coroutine rather than one it made.
  LuaTask* TaskOn(lua_State* L) const;
  void Enter(LuaTask& task) {
    current_ = &task;
    budget_ = kBudget;
  }
  void Leave() { current_ = nullptr; }
  // While one lives, on the C++ stack, Lua code of `task` runs that is outside
  // its coroutine and cannot suspend: what unwinds it. No task runs meanwhile.
  class Unwinding {
   public:
    Unwinding(Runtime& runtime, LuaTask& task)
        : runtime_(runtime),
          task_(task),
          interrupted_(std::exchange(runtime.current_, nullptr)),
          outer_(std::exchange(runtime.unwinding_, this)) {
      ++runtime.unwinding_depth_;
    }
    ~Unwinding();
    Unwinding(const Unwinding&) = delete;
    Unwinding& operator=(const Unwinding&) = delete;

   private:
    friend class Runtime;

    Runtime& runtime_;
    LuaTask& task_;
    LuaTask* const interrupted_;  // The task that ran before, or null.
    Unwinding* const outer_;
  };

  int unwinding_depth() const { return unwinding_depth_; }

  // False when the task that runs has used up its budget.
  bool Spend() { return --budget_ >= 0; }
  // Calls `function` in protected mode on host(), with one light userdata
  // argument. True if it succeeded; its `results` are on host() then.
  // Otherwise the error value is.
  bool Protect(lua_CFunction function, void* argument, int results);

  // A task begins, and gets its id; has ended. Those in between are alive.
  uint32_t BeginTask() {
    ++live_tasks_;
    const uint32_t id = world_->loop.NextId();
    if (bed_ != nullptr) InheritHost(id);
    return id;
  }
  void EndTask() { --live_tasks_; }
  // Who spawns into `scope`: the task that runs, or a host's that has opened
  // it; 0 if nobody.
  uint32_t SpawnerId(const Scope& scope) const;
  size_t live_tasks() const { return live_tasks_; }

  // Shared by all readers. Datagrams have their own: Lua takes them one by
  // one, and a finalizer may read meanwhile.
  absl::Span<char> scratch();
  absl::Span<char> datagram_scratch();
  // `object` is told of the end of each run, and deleted with the runtime if
  // nobody has deleted it before.
  void Own(Boxed& object) { object.InsertBefore(objects_); }

  // Boxed::LoseTask of all, for each call of the task. Rare enough to ask all.
  void LoseTask(const LuaTask& task);

  SlotTable& tasks() { return tasks_; }
  ThreadPool& threads() { return threads_; }
  Logger& logger() { return logger_; }
  FailureLog& failures() { return failures_; }
  SpawnSites& sites() { return sites_; }
  Onlookers& onlookers() { return onlookers_; }
  TlsContexts& tls_contexts() { return tls_contexts_; }

  // Decides on the order of things in runs to come; null: their seed does.
  Chance* chance = nullptr;

  SyncKinds sync;

  // Signals that the program takes; set by OpenSignals.
  LuaSignals* signals = nullptr;

  // string.find as it was when lev was loaded, in the registry.
  int string_find_ref = LUA_NOREF;

  // Names and locals of tasks that have some: weak tables, userdata -> value.
  void PushNames(lua_State* L) const {
    lua_rawgeti(L, LUA_REGISTRYINDEX, names_ref_);
  }
  void PushLocals(lua_State* L) const {
    lua_rawgeti(L, LUA_REGISTRYINDEX, locals_ref_);
  }

  // In the program: the file's chunk, at whose top level lev.run is a scope,
  // and the task that runs it.
  const void* program_chunk = nullptr;
  LuaTask* program_task = nullptr;

 private:
  static int Collect(lua_State* L);
  void LoseCall(const LuaTask& task);
  void InheritHost(uint32_t id);
  void FreeMemory();
  void DropRunning();

  lua_State* const main_;
  lua_State* host_ = nullptr;
  LuaTask* current_ = nullptr;
  Unwinding* unwinding_ = nullptr;
  int unwinding_depth_ = 0;
  int budget_ = 0;
  bool closing_ = false;
  bool ending_ = false;
  size_t live_tasks_ = 0;
  int names_ref_ = LUA_NOREF;
  int locals_ref_ = LUA_NOREF;
  std::unique_ptr<char[]> scratch_;
  std::unique_ptr<char[]> datagram_scratch_;
  std::unique_ptr<World> world_;
  TestBed* bed_ = nullptr;
  std::string test_trace_;
  bool in_virtual_time_ = false;
  ResolverOptions resolver_options_;
  Link objects_;
  SlotTable tasks_;
  ThreadPool threads_;
  Logger logger_;
  FailureLog failures_;
  SpawnSites sites_;
  Onlookers onlookers_;
  TlsContexts tls_contexts_;
};

// The finalizer of a Boxed kind.
template <ObjectKind ObjectKinds::*kind, typename T>
int Collect(lua_State* L) {
  (Runtime::Of(L).*kind).template Destroy<T>(L);
  return 0;
}

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_RUNTIME_H_
