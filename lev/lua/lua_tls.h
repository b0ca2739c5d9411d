// TLS on sockets, as Lua sees it: socket:starttls and socket:tls_info, and
// what lev.connect does after it has connected.

#ifndef LEV_LUA_LUA_TLS_H_
#define LEV_LUA_LUA_TLS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/loop/clock.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_drive.h"
#include "lev/net/connection.h"
#include "lev/tls/tls_context.h"
#include "lev/tls/tls_stream.h"

namespace lev::lua {

// How long a handshake may take, unless told otherwise.
constexpr Nanos kTlsTimeout = 10 * kSecond;

// Methods of sockets.
int StartTls(lua_State* L);
int GetTlsInfo(lua_State* L);

// What a TlsStream is made of. The context is borrowed until the stream is
// there.
struct TlsPlan {
  TlsContext* context;
  TlsPeer peer;
};

// As the table at `config` says, which was checked, for the socket `fd`. A
// client verifies `name` unless the table has a server_name, and without either
// the address it is connected to. Raises nothing.
absl::StatusOr<TlsPlan> PlanTls(lua_State* L, int config, FdRef fd,
                                absl::string_view name);

// Puts that TLS on `connection`. Raises nothing. False, with nil and an error
// pushed, if that cannot be, and then the connection is closed.
bool BeginTls(lua_State* L, Connection& connection, int config,
              absl::string_view name);

// The handshake's step. When it is done `connection` is ready, or it is
// closed, and nil and the error have been pushed.
struct TlsStep {
  LuaStep step;
  bool ready = false;
};
TlsStep ShakeHands(lua_State* L, Connection& connection);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TLS_H_
