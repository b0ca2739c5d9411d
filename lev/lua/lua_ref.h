// A Lua value kept alive from C++: an entry of the registry.

#ifndef LEV_LUA_LUA_REF_H_
#define LEV_LUA_LUA_REF_H_

#include <utility>

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class LuaRef {
 public:
  LuaRef() = default;
  LuaRef(LuaRef&& other) noexcept
      : L_(other.L_), ref_(std::exchange(other.ref_, LUA_NOREF)) {}
  LuaRef& operator=(LuaRef&& other) noexcept {
    std::swap(L_, other.L_);
    std::swap(ref_, other.ref_);
    return *this;
  }
  ~LuaRef() { Reset(); }

  // Takes the value on top of L's stack. May raise (memory), and owns nothing
  // then: make it before whatever must not be skipped.
  static LuaRef Take(lua_State* L) {
    LuaRef ref;
    ref.ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    ref.L_ = lua_tothread(L, -1);
    lua_pop(L, 1);
    return ref;
  }

  // Pushes the value, or nil if there is none. Raises nothing.
  void Push(lua_State* L) const {
    if (ref_ == LUA_NOREF) {
      lua_pushnil(L);
    } else {
      lua_rawgeti(L, LUA_REGISTRYINDEX, ref_);
    }
  }

  bool valid() const { return ref_ != LUA_NOREF; }

  void Reset() {
    if (valid()) luaL_unref(L_, LUA_REGISTRYINDEX, ref_);
    ref_ = LUA_NOREF;
  }

 private:
  lua_State* L_ = nullptr;  // The main thread: outlives every other.
  int ref_ = LUA_NOREF;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_REF_H_
