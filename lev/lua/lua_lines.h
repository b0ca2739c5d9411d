// socket:lines: reading line by line in a for loop.

#ifndef LEV_LUA_LUA_LINES_H_
#define LEV_LUA_LUA_LINES_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

// socket:lines({keep, max_size, timeout, cancel}) -> iterator
int Lines(lua_State* L);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_LINES_H_
