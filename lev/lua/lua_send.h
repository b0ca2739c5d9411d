// The sending methods of streams.
//
// Senders queue up and send whole, one after the other. A send that fails, or
// is given up, reports as third value how many bytes had gone.

#ifndef LEV_LUA_LUA_SEND_H_
#define LEV_LUA_LUA_SEND_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

// socket:send(data | {data...}, wait) -> nbytes | nil, err, nbytes
int Send(lua_State* L);

// socket:sendfile(path | file, {offset, count, timeout, cancel})
//   -> nbytes | nil, err, nbytes
int SendFile(lua_State* L);

// socket:send_fds(data, {descriptors...}, wait) -> nbytes | nil, err, nbytes
int SendFds(lua_State* L);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SEND_H_
