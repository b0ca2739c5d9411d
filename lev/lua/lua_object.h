// The kinds of userdata that lev hands to Lua, and how they are recognised.
//
// A kind is a metatable, kept in the registry under a number, and recognised
// by its address: one comparison instead of a look-up by name. Pushing it
// raises nothing, so that a C++ object can be given its metatable at once
// after it was made.

#ifndef LEV_LUA_LUA_OBJECT_H_
#define LEV_LUA_LUA_OBJECT_H_

#include <cstdint>
#include <string>
#include <type_traits>

#include "lev/loop/waiter.h"
#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

class LuaTask;

// An object with a destructor that others depend on, because they refer to it.
// Its userdata only points to it: Lua frees a userdata whose finalizer it could
// not call for want of memory, and the object must not go with it. The runtime
// has a list of them, and deletes in the end what is left.
class Boxed : public Link {
 public:
  virtual ~Boxed() { Unlink(); }

  // The run in which it was made ends, and with it the loop.
  virtual void EndOfRun() {}

  // A task has ended in the middle of a call (task.call()) that may have been
  // about this object, and could not give it up: the user has closed its
  // coroutine. Or it has ended with a lock in its hands.
  virtual void LoseTask(const LuaTask&) {}

  // Whether its user has still to close it: collected in this state, it was
  // forgotten, and that is told.
  virtual bool IsOpen() const { return false; }

  // What of it a program that has ended has left behind, for a human: "" if
  // nothing.
  virtual std::string Leftover() const { return IsOpen() ? Describe() : ""; }

  // Where it was made, if that is known: SpawnSites::Describe knows.
  uint32_t made_at() const { return made_at_; }

  // What it is, if its kind has several names; null: the kind's.
  virtual const char* type_name() const { return nullptr; }

  // For a human who debugs: "fd 7, 127.0.0.1:4242 -> 127.0.0.1:80".
  virtual std::string Describe() const { return ""; }

 private:
  friend class ObjectKind;
  uint32_t made_at_ = 0;
};

class ObjectKind {
 public:
  // Makes the metatable: `name` is its __name, `methods` its __index (a
  // function called "__index" in `meta` wins, and finds the methods in its
  // second upvalue). All get upvalue 1: the runtime, which is on top of the
  // stack and stays there. May raise.
  void Register(lua_State* L, const char* name, const luaL_Reg* methods,
                const luaL_Reg* meta);

  // Pushes the metatable.
  void Push(lua_State* L) const { lua_rawgeti(L, LUA_REGISTRYINDEX, ref_); }

  // Pushes the table of its methods.
  void PushMethods(lua_State* L) const;

  // Gives the metatable to the userdata on top of the stack.
  void Adopt(lua_State* L) const {
    Push(L);
    lua_setmetatable(L, -2);
  }

  // Whether the value at `index` is of this kind.
  bool Is(lua_State* L, int index) const {
    if (!lua_getmetatable(L, index)) return false;
    const bool same = lua_topointer(L, -1) == address_;
    lua_pop(L, 1);
    return same;
  }

  // The object at `index`, which is of this kind.
  template <typename T>
  static T& At(lua_State* L, int index) {
    void* const userdata = lua_touserdata(L, index);
    if constexpr (std::is_base_of_v<Boxed, T>) {
      return *static_cast<T*>(*static_cast<Boxed**>(userdata));
    } else {
      return *static_cast<T*>(userdata);
    }
  }

  // The object at `index` if it is one of this kind, else null.
  template <typename T>
  T* Test(lua_State* L, int index) const {
    const bool same = lua_isuserdata(L, index) && Is(L, index);
    return same ? &At<T>(L, index) : nullptr;
  }

  // The object at `index`; raises an argument error if it is another.
  template <typename T>
  T& Check(lua_State* L, int index) const {
    T* const object = Test<T>(L, index);
    if (object == nullptr) luaL_typeerror(L, index, name_);
    return *object;
  }

  // Pushes a userdata for a Boxed object to come; `values` user values. May
  // raise.
  static void PushBox(lua_State* L, int values) {
    lua_newuserdatauv(L, sizeof(Boxed*), values);
  }

  // The userdata on top of the stack is the one of `object`. Raises nothing.
  void Fill(lua_State* L, Boxed* object);

  // "lev.tcp: " and what the Boxed object at `index` says of itself; empty if
  // that is none, or something else. Raises nothing; needs two free slots.
  static std::string DescribeBoxed(lua_State* L, int index);

  // A finalizer's work: deletes the Boxed object at 1, and warns if it was
  // forgotten. Finalizers of others may still have it in their hands, so it is
  // no object of any kind any more.
  template <typename T>
  void Destroy(lua_State* L) const {
    T& object = Check<T>(L, 1);
    WarnIfForgotten(L, object);
    delete &object;
    lua_pushnil(L);
    lua_setmetatable(L, 1);
  }

 private:
  const char* NameOf(const Boxed& object) const {
    return object.type_name() != nullptr ? object.type_name() : name_;
  }
  void WarnIfForgotten(lua_State* L, const Boxed& object) const;

  Runtime* runtime_ = nullptr;
  bool boxes_ = false;  // Its userdata are boxes.
  const char* name_ = nullptr;
  const void* address_ = nullptr;
  int ref_ = LUA_NOREF;
};

// Those of what tasks wait for among themselves.
struct SyncKinds {
  ObjectKind channel;
  ObjectKind mutex;
  ObjectKind rwlock;
  ObjectKind semaphore;
  ObjectKind event;
  ObjectKind condition;
  ObjectKind waitgroup;
  ObjectKind barrier;
  ObjectKind interval;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_OBJECT_H_
