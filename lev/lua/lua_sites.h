// Where tasks were spawned, for tracebacks: "file.lua:12".
//
// Programs spawn millions of tasks from a handful of places; a task keeps the
// number of its place. The numbers are for one state, and stay small: after
// kMost places, further ones are not told apart.

#ifndef LEV_LUA_LUA_SITES_H_
#define LEV_LUA_LUA_SITES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_compat.h"

namespace lev::lua {

class SpawnSites {
 public:
  static constexpr uint32_t kMost = 10000;

  // The place in the innermost Lua function on `L`'s stack that is not lev's
  // own; 0 if there is none. Raises nothing.
  uint32_t Caller(lua_State* L);

  // "file.lua:12", or nothing for 0.
  absl::string_view Describe(uint32_t site) const;

 private:
  using Place = std::pair<std::string, int>;

  std::vector<std::string> texts_;
  absl::flat_hash_map<Place, uint32_t> numbers_;
  Place last_;  // Spawning in a loop asks for the same place every time.
  uint32_t last_site_ = 0;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SITES_H_
