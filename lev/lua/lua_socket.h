// What sockets and listeners share in Lua: addresses, options, timeouts.

#ifndef LEV_LUA_LUA_SOCKET_H_
#define LEV_LUA_LUA_SOCKET_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/loop/clock.h"
#include "lev/lua/lua_compat.h"
#include "lev/net/address.h"
#include "lev/net/error.h"
#include "lev/net/socket_calls.h"
#include "lev/net/socket_options.h"
#include "lev/net/tcp_socket.h"

namespace lev::lua {

// How long a send waits if nothing else was said.
inline constexpr Nanos kSendTimeout = 30 * kSecond;

// Pushes nil, the error's text, and its detail if it has one; returns their
// count. Raises nothing.
int PushError(lua_State* L, const absl::Status& status);

// true, or nil and the error.
int PushStatus(lua_State* L, const absl::Status& status);

// Pushes the address without its port. May raise.
void PushHost(lua_State* L, const Address& address);

// Host and port; or nil and the error.
int PushAddress(lua_State* L, const absl::StatusOr<Address>& address);

// For Boxed::Describe: "fd 7, 127.0.0.1:4242 -> 127.0.0.1:80"; "fd 7, " and its
// own address if it has no peer; "closed" for a negative `fd`.
std::string DescribeSocket(FdRef fd);

// For Boxed::Leftover: the same, or "" if it is closed, or was on a host that
// has crashed.
std::string LeftoverSocket(FdRef fd);

// The arguments host and port, at `index` and behind it. False, with nil and
// an error pushed, if the host is not an address. Raises for wrong types.
bool CheckAddress(lua_State* L, Address& address, int index = 1);

// The same for what was checked before. Raises nothing; "localhost" is known.
bool ParseAddress(lua_State* L, absl::string_view host, uint16_t port,
                  Address& address);

// The argument in which an interface is named (lev/net/multicast.h), which may
// be a number: it becomes text on the stack. Raises for other types.
absl::string_view CheckInterface(lua_State* L, int argument);

// The arguments name and value of setsockopt, at 2 and 3. Raises for what does
// not exist, and for wrong types.
struct OptionArgument {
  const SocketOption* option;
  int64_t number;
  absl::string_view text;
};
OptionArgument CheckOptionArgument(lua_State* L);

// setsockopt, for `fd`.
int SetOption(lua_State* L, FdRef fd);

// getsockopt: the value of the option named at 2; or nil and the error.
int GetOption(lua_State* L, FdRef fd);

// `fd` is about to be closed: wakes those in lev.wait_readable and
// lev.wait_writable. Raises nothing.
void ForgetFd(lua_State* L, int fd);

// The methods of everything that has a descriptor. `Check` returns the object
// at 1, or raises.

template <auto Check>
int GetSockName(lua_State* L) {
  const auto& socket = Check(L);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return PushAddress(L, LocalAddress(socket.ref()));
}

template <auto Check>
int GetPeerName(lua_State* L) {
  const auto& socket = Check(L);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return PushAddress(L, PeerAddress(socket.ref()));
}

template <auto Check>
int SetSockOpt(lua_State* L) {
  const auto& socket = Check(L);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return SetOption(L, socket.ref());
}

template <auto Check>
int GetSockOpt(lua_State* L) {
  const auto& socket = Check(L);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return GetOption(L, socket.ref());
}

template <auto Check>
int GetFd(lua_State* L) {
  lua_pushinteger(L, Check(L).fd());
  return 1;
}

template <auto Check>
int Close(lua_State* L) {
  auto& socket = Check(L);
  ForgetFd(L, socket.fd());
  socket.Close();
  lua_pushboolean(L, true);
  return 1;
}

template <auto Check>
int ToString(lua_State* L) {
  const auto& socket = Check(L);
  luaL_getmetafield(L, 1, "__name");
  const char* const name = lua_tostring(L, -1);
  if (socket.is_open()) {
    lua_pushfstring(L, "%s: fd %d", name, socket.fd());
  } else {
    lua_pushfstring(L, "%s: closed", name);
  }
  return 1;
}

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SOCKET_H_
