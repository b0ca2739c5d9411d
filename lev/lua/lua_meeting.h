// Semaphores, events, wait groups, barriers and intervals as Lua sees them.

#ifndef LEV_LUA_LUA_MEETING_H_
#define LEV_LUA_LUA_MEETING_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kinds, and adds lev.semaphore, lev.event, lev.waitgroup and
// lev.barrier to the table below the runtime, which is on top of the stack.
void OpenMeetings(lua_State* L, Runtime& runtime);

// The same for lev.interval.
void OpenIntervals(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_MEETING_H_
