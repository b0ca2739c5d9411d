// A table of the registry that keeps Lua values alive by number, and reuses
// the numbers.
//
// Keeping may raise (the table grows), so it comes before whatever must not be
// skipped; all the rest raises nothing.

#ifndef LEV_LUA_LUA_SLOTS_H_
#define LEV_LUA_LUA_SLOTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class SlotTable {
 public:
  void Open(lua_State* L) {
    lua_newtable(L);
    ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
  }

  // Keeps the value on top of the stack, which stays there. May raise.
  uint32_t Keep(lua_State* L) {
    const uint32_t slot = free_.empty() ? used_ + 1 : free_.back();
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref_);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, slot);
    lua_pop(L, 1);
    if (free_.empty()) {
      ++used_;
    } else {
      free_.pop_back();
    }
    return slot;
  }

  // Pushes two values, the second of which is what `slot` keeps.
  void Push(lua_State* L, uint32_t slot) const {
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref_);
    lua_rawgeti(L, -1, slot);
  }

  void Free(lua_State* L, uint32_t slot) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref_);
    lua_pushnil(L);
    lua_rawseti(L, -2, slot);
    lua_pop(L, 1);
    free_.push_back(slot);
  }

  // How many values are kept.
  size_t size() const { return used_ - free_.size(); }

 private:
  int ref_ = LUA_NOREF;
  uint32_t used_ = 0;
  std::vector<uint32_t> free_;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SLOTS_H_
