// What sockets and listeners share in Lua: addresses and options.

#ifndef LEV_LUA_LUA_SOCKET_H_
#define LEV_LUA_LUA_SOCKET_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/lua/lua_compat.h"
#include "lev/net/address.h"

namespace lev::lua {

// Pushes nil and the error's text; returns 2.
int PushError(lua_State* L, const absl::Status& status);

// true, or nil and the error.
int PushStatus(lua_State* L, const absl::Status& status);

// Host and port; or nil and the error.
int PushAddress(lua_State* L, const absl::StatusOr<Address>& address);

// The arguments host and port at 1 and 2. False, with nil and an error
// pushed, if the host is not an address. Raises for wrong types.
bool CheckAddress(lua_State* L, Address& address);

// The arguments name and value at 2 and 3, applied to `fd`.
int SetOption(lua_State* L, int fd);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SOCKET_H_
