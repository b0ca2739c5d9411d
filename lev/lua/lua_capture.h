// lev.exec_capture: a program from its start to its end, in one call.

#ifndef LEV_LUA_LUA_CAPTURE_H_
#define LEV_LUA_LUA_CAPTURE_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Adds the function to the table below the runtime, which is on top.
void OpenCaptures(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CAPTURE_H_
