// Who looks on while the Lua code of tasks runs: the watch for slow turns, the
// dump signal. Nearly always nobody, which costs a resumption two comparisons.
//
// Onlookers belong to a run, and come and go with it.

#ifndef LEV_LUA_LUA_ONLOOKER_H_
#define LEV_LUA_LUA_ONLOOKER_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class LuaTask;

class Onlooker {
 public:
  Onlooker() = default;
  Onlooker(const Onlooker&) = delete;
  Onlooker& operator=(const Onlooker&) = delete;
  virtual ~Onlooker() = default;

  // The task's code is about to run, on its thread; has just come back. Both
  // raise nothing and run no Lua code.
  virtual void Resuming(LuaTask& task) = 0;
  virtual void Returned(LuaTask& task) = 0;

  // The task has come back and stands where it will be found: parked, or about
  // to end, or ended (then only its name is left). May run Lua code.
  virtual void Report(LuaTask& task) = 0;

  // Now and then, from within the Lua code of a task, if somebody has asked
  // for it (SlowWatch does). `L` is the coroutine that runs, which may be one
  // that the task has made. May run Lua code.
  virtual void Tick(lua_State* L) = 0;
};

class Onlookers {
 public:
  void Add(std::unique_ptr<Onlooker> onlooker) {
    list_.push_back(std::move(onlooker));
  }
  void Clear() { list_.clear(); }
  bool empty() const { return list_.empty(); }

  void Resuming(LuaTask& task) {
    for (const auto& onlooker : list_) onlooker->Resuming(task);
  }
  void Returned(LuaTask& task) {
    for (const auto& onlooker : list_) onlooker->Returned(task);
  }
  // By index: the Lua code that these run may add one.
  void Report(LuaTask& task) {
    for (size_t i = 0; i < list_.size(); ++i) list_[i]->Report(task);
  }
  void Tick(lua_State* L) {
    for (size_t i = 0; i < list_.size(); ++i) list_[i]->Tick(L);
  }

 private:
  std::vector<std::unique_ptr<Onlooker>> list_;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_ONLOOKER_H_
