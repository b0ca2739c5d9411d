// lev.on_signal, and the signals' numbers.
//
// Each handler runs as a task of the root scope, once for each signal that
// comes. Handlers live until they are taken back or the run ends; they do not
// keep it going. In lev.test.run each process has signals of its own.

#ifndef LEV_LUA_LUA_SIGNALS_H_
#define LEV_LUA_LUA_SIGNALS_H_

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_ref.h"
#include "lev/lua/lua_wait_signal.h"
#include "lev/proc/process_calls.h"
#include "lev/proc/signal_source.h"

namespace lev::lua {

class LuaTask;
class Runtime;

// The signals that the program takes, in the process of the task that acts. One
// of a runtime; begins anew with each run. Nothing here raises.
class LuaSignals final : public Boxed {
 public:
  explicit LuaSignals(Runtime& runtime);

  // Within a run: takes the signal, and calls `handler` from now on.
  absl::Status Add(int signal, LuaRef handler);

  // Forgets all handlers of `signal`, and gives it back unless it is awaited.
  void Remove(int signal);

  // Within a run: takes the signal for those who wait for it.
  absl::Status Await(int signal);
  // Null if nobody in the process of `task` has.
  AwaitedSignal* FindAwaited(const LuaTask& task, int signal);

  // The process has ended, and with it all handlers there.
  void Forget(ProcessCalls& process);

  void EndOfRun() override;
  void LoseTask(const LuaTask& task) override;

 private:
  struct Handler {
    int signal;
    LuaRef function;
  };
  // Those of one process.
  struct Taken {
    // The handler at `index` is there, and is one of `signal`.
    bool Handles(size_t index, int signal) const {
      return index < handlers.size() && handlers[index].signal == signal;
    }

    std::vector<Handler> handlers;
    AwaitedSignals awaited;
    std::unique_ptr<SignalSource> source;
    std::unique_ptr<SignalDispatcher> dispatcher;
  };
  using Processes = std::map<ProcessCalls*, Taken>;
  struct Call;

  Processes::value_type& Here();
  absl::Status Take(Processes::value_type& here, int signal);
  void Deliver(Processes::value_type& there, int signal);
  void Spawn(Call call);
  static int SpawnHandler(lua_State* L);

  Runtime& runtime_;
  Processes processes_;
  // Of processes that have ended: their dispatchers may still be at work.
  std::vector<Processes::node_type> ended_;
};

// Adds lev.on_signal and the constants to the table below the runtime, which
// is on top of the stack.
void OpenSignals(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SIGNALS_H_
