// Channels as Lua sees them: lev.channel and its methods.

#ifndef LEV_LUA_LUA_CHANNEL_H_
#define LEV_LUA_LUA_CHANNEL_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kind, and adds lev.channel to the table below the runtime,
// which is on top of the stack.
void OpenChannels(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CHANNEL_H_
