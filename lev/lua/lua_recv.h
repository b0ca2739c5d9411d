// The receiving methods of sockets.
//
// A receive that is given up (timeout, cancel) leaves what has arrived in the
// socket's buffer, for the next one.

#ifndef LEV_LUA_LUA_RECV_H_
#define LEV_LUA_LUA_RECV_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

// socket:recv(maxlen, wait) -> data | nil, err
int Recv(lua_State* L);

// socket:recv_exactly(n, wait) -> data | nil, err
int RecvExactly(lua_State* L);

// socket:recv_until(pattern, wait, max_size) -> data | nil, err
int RecvUntil(lua_State* L);

// socket:recv_fds(maxlen, wait) -> data, {objects...} [, "truncated"]
//   | nil, err
int RecvFds(lua_State* L);

// socket:peek(n, wait) -> data | nil, err
int Peek(lua_State* L);

// socket:unread(data) -> true | nil, err
int Unread(lua_State* L);

// The option max_size of the table at `index`, if it is one; 1 MiB by default.
// May raise.
lua_Integer CheckMaxSize(lua_State* L, int index);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_RECV_H_
