// Idle Lua threads, to be used again.
//
// Making a lua_State costs ten times as much as using one again. A task
// borrows the topmost; only when it suspends for the first time does it take
// the thread away, so tasks that never suspend all share one.

#ifndef LEV_LUA_LUA_THREADS_H_
#define LEV_LUA_LUA_THREADS_H_

#include <cstddef>
#include <vector>

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class ThreadPool {
 public:
  // Beyond this many, finished threads are left to the collector.
  static constexpr size_t kMost = 1024;

  void Open(lua_State* L) {
    lua_newtable(L);
    ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
  }

  // The one thread that is never a task's: it stands in a C function of the
  // module (StandStill), and lends its stack.
  lua_State* aside() const { return aside_; }
  void set_aside(lua_State* thread) { aside_ = thread; }

  bool empty() const { return idle_.empty(); }

  // The topmost idle thread, kept alive by the pool.
  lua_State* top() const { return idle_.back(); }

  // The pool forgets its topmost thread. It stays alive until something else
  // takes its place, so anchor it at once.
  void Drop() { idle_.pop_back(); }

  // Makes a thread and adds it. May raise.
  void AddNew(lua_State* L) {
    lua_newthread(L);
    if (reserved_ < kMost) {
      // A place for it to come back to, so that Add need not grow the table.
      lua_rawgeti(L, LUA_REGISTRYINDEX, ref_);
      lua_pushboolean(L, false);
      lua_rawseti(L, -2, static_cast<lua_Integer>(reserved_) + 1);
      lua_pop(L, 1);
      ++reserved_;
    }
    Add(L);
  }

  // Takes the thread on top of the stack, which is empty and was made by
  // AddNew, and pops it. Raises nothing.
  void Add(lua_State* L) {
    if (idle_.size() == kMost) return lua_pop(L, 1);
    idle_.push_back(lua_tothread(L, -1));
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref_);
    lua_insert(L, -2);
    lua_rawseti(L, -2, static_cast<lua_Integer>(idle_.size()));
    lua_pop(L, 1);
  }

 private:
  int ref_ = LUA_NOREF;
  lua_State* aside_ = nullptr;
  size_t reserved_ = 0;
  std::vector<lua_State*> idle_;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_THREADS_H_
