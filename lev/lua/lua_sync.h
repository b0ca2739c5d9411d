// What channels, locks and their like have in common as objects of Lua.
//
// A call that blocks needs a turn, and that must not live on the Lua stack,
// which a user may close: the object keeps the turns of all tasks that are
// blocked in a call about it. A call that ends otherwise drops its turn, which
// gives back whatever it was granted.
//
// They need no loop, so they can be made outside a run, too.

#ifndef LEV_LUA_LUA_SYNC_H_
#define LEV_LUA_LUA_SYNC_H_

#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lev/loop/step.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {

// The turns of the calls that are blocked.
template <typename T>
class LuaTurns {
 public:
  // The turn of this task's call, made of `args` if there is none yet.
  template <typename... Args>
  T& Of(const LuaTask& task, Args... args) {
    std::unique_ptr<T>& turn = turns_[task.call()];
    if (turn == nullptr) {
      turn = std::make_unique<T>(args...);
      if (task.turn_group() != nullptr) {
        turn->Join(*task.turn_group(), task.call());
      }
    }
    return *turn;
  }

  // The same, or null.
  T* Find(const LuaTask& task) {
    const auto place = turns_.find(task.call());
    return place == turns_.end() ? nullptr : place->second.get();
  }

  // The call has ended.
  void Drop(const LuaTask& task) {
    const auto place = turns_.find(task.call());
    if (place == turns_.end()) return;
    // Out of the map first: what it gives back may come to others of it.
    const std::unique_ptr<T> turn = std::move(place->second);
    turns_.erase(place);
  }

 private:
  absl::flat_hash_map<const void*, std::unique_ptr<T>> turns_;
};

// Makes the object of lev.NAME for the box on top of the stack.
template <typename T, typename... Args>
void FillSync(lua_State* L, ObjectKind& kind, Args... args) {
  Runtime& runtime = Runtime::Of(L);
  kind.Fill(L, new T(runtime, args...));
}

// Raises if the state is being closed: a finalizer would never be called.
inline void CheckNotClosing(lua_State* L, const char* verb) {
  if (!Runtime::Of(L).closing()) return;
  luaL_error(L, "%s: the Lua state is being closed", verb);
}

// Verb::give_up of a call about the object at 1.
template <typename T>
int LeaveSync(lua_State* L, LuaTask& task) {
  ObjectKind::At<T>(L, 1).Leave(task);
  return 0;
}

// A step of such a call; true is its result.
template <typename T>
LuaStep FinishSync(lua_State* L, T& object, LuaTask& task, const Step& step) {
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  object.Leave(task);
  lua_pushboolean(L, true);
  return LuaStep::Done(1);
}

// The finalizer.
template <typename T, ObjectKind SyncKinds::*kind>
int CollectSync(lua_State* L) {
  (Runtime::Of(L).sync.*kind).template Destroy<T>(L);
  return 0;
}

// The object at 1.
template <typename T, ObjectKind SyncKinds::*kind>
T& CheckSync(lua_State* L) {
  return (Runtime::Of(L).sync.*kind).template Check<T>(L, 1);
}

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SYNC_H_
