// The Lua API, with the differences between 5.4.4 and later versions in one
// place.

#ifndef LEV_LUA_LUA_COMPAT_H_
#define LEV_LUA_LUA_COMPAT_H_

#include <lua.hpp>

namespace lev::lua {

// Ends the coroutine where it stands: runs its pending to-be-closed variables
// (they cannot suspend) and leaves a thread that can be used again. Returns
// LUA_OK, and the thread is empty, or an error: the one with which a variable
// was closed, or else that of the coroutine itself; it is on the thread.
inline int CloseThread(lua_State* thread, lua_State* from) {
#if defined(LUA_VERSION_RELEASE_NUM) && LUA_VERSION_RELEASE_NUM >= 50406
  return lua_closethread(thread, from);
#else
  static_cast<void>(from);
  return lua_resetthread(thread);
#endif
}

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_COMPAT_H_
