// lev.on_signal, and the signals' numbers.
//
// Each handler runs as a task of the root scope, once for each signal that
// comes. Handlers live until they are taken back or the run ends; they do not
// keep it going.

#ifndef LEV_LUA_LUA_SIGNALS_H_
#define LEV_LUA_LUA_SIGNALS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_ref.h"
#include "lev/lua/lua_wait_signal.h"
#include "lev/proc/signal_source.h"

namespace lev::lua {

class Runtime;

// The signals that the program takes. One of a runtime; begins anew with each
// run. Nothing here raises.
class LuaSignals final : public Boxed {
 public:
  explicit LuaSignals(Runtime& runtime);

  // Within a run: takes the signal, and calls `handler` from now on.
  absl::Status Add(int signal, LuaRef handler);

  // Forgets all handlers of `signal`, and gives it back unless it is awaited.
  void Remove(int signal);

  // Within a run: takes the signal for those who wait for it.
  absl::Status Await(int signal);
  // Null if nobody has.
  AwaitedSignal* FindAwaited(int signal) {
    const auto place = awaited_.find(signal);
    return place == awaited_.end() ? nullptr : &place->second;
  }

  void EndOfRun() override;
  void LoseTask(const LuaTask& task) override {
    for (auto& [signal, awaited] : awaited_) awaited.Leave(task);
  }

 private:
  struct Handler {
    int signal;
    LuaRef function;
  };
  struct Call;

  // The handler at `index` is there, and is one of `signal`.
  bool Handles(size_t index, int signal) const {
    return index < handlers_.size() && handlers_[index].signal == signal;
  }
  absl::Status Take(int signal);
  void Deliver(int signal);
  static int SpawnHandler(lua_State* L);

  Runtime& runtime_;
  std::vector<Handler> handlers_;
  AwaitedSignals awaited_;
  std::unique_ptr<SignalSource> source_;
  std::unique_ptr<SignalDispatcher> dispatcher_;
};

// Adds lev.on_signal and the constants to the table below the runtime, which
// is on top of the stack.
void OpenSignals(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SIGNALS_H_
