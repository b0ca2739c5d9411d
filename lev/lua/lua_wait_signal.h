// lev.wait_signal: signals that tasks wait for, instead of handlers.
//
// Each comes to one waiter, in the order in which they came. A signal that was
// waited for once is kept until the run ends: one that comes while nobody
// waits is there for the next, and does what it does by default to nobody.

#ifndef LEV_LUA_LUA_WAIT_SIGNAL_H_
#define LEV_LUA_LUA_WAIT_SIGNAL_H_

#include <map>

#include "lev/loop/step.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_sync.h"
#include "lev/task/turn.h"

namespace lev::lua {

class LuaTask;

// One signal.
class AwaitedSignal final : private TurnSource {
 public:
  void Came() {
    if (queue_.empty()) {
      pending_ = true;
    } else {
      queue_.Grant();
    }
  }

  Step Wait(const LuaTask& task);
  void Leave(const LuaTask& task) { turns_.Drop(task); }

 private:
  void Withdrawn(Turn&, bool granted) override {
    if (granted) Came();
  }

  bool pending_ = false;  // Has come; several are one.
  TurnQueue queue_;
  LuaTurns<Turn> turns_;
};

// Those of one run, by number.
using AwaitedSignals = std::map<int, AwaitedSignal>;

// Adds lev.wait_signal to the table below the runtime, which is on top of the
// stack.
void OpenWaitSignal(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_WAIT_SIGNAL_H_
