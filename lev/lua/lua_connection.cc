#include "lev/lua/lua_connection.h"

#include <sys/socket.h>

#include <utility>

#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_lines.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_recv.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_send.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_tcp.h"
#include "lev/lua/lua_tls.h"
#include "lev/lua/lua_unix.h"
#include "lev/net/error.h"

namespace lev::lua {

LuaConnection::LuaConnection(Runtime& runtime, OwnedFd fd, Kind kind)
    : connection_(runtime.loop(), std::move(fd), runtime.scratch(), kind) {
  runtime.Own(*this);
}

void LuaConnection::Fill(lua_State* L, Runtime& runtime, OwnedFd fd,
                         Kind kind) {
  runtime.connection_kind.Fill(L,
                               new LuaConnection(runtime, std::move(fd), kind));
}

const char* LuaConnection::type_name() const {
  switch (connection_.kind()) {
    case Kind::kSocket:
      return "lev.tcp";
    case Kind::kUnixSocket:
      return "lev.unix";
    case Kind::kPipe:
    case Kind::kShared:
      return "lev.pipe";
  }
  return nullptr;
}

Connection& LuaConnection::Check(lua_State* L, int index) {
  Runtime& runtime = Runtime::Of(L);
  return runtime.connection_kind.Check<LuaConnection>(L, index).connection();
}

namespace {

Connection& Check(lua_State* L) { return LuaConnection::Check(L); }

int ShutdownSocket(lua_State* L) {
  static const char* const kNames[] = {"r", "w", "rw", nullptr};
  static const int kHow[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
  Connection& connection = Check(L);
  const int how = kHow[luaL_checkoption(L, 2, "rw", kNames)];
  return PushStatus(L, connection.Shutdown(how));
}

int SocketToString(lua_State* L) {
  const Connection& connection = Check(L);
  const char* const name = ObjectKind::At<LuaConnection>(L, 1).type_name();
  if (connection.is_open()) {
    lua_pushfstring(L, "%s: fd %d", name, connection.fd());
  } else {
    lua_pushfstring(L, "%s: closed", name);
  }
  return 1;
}

constexpr luaL_Reg kMethods[] = {{"send", Send},
                                 {"sendfile", SendFile},
                                 {"send_fds", SendFds},
                                 {"recv", Recv},
                                 {"recv_exactly", RecvExactly},
                                 {"recv_until", RecvUntil},
                                 {"recv_fds", RecvFds},
                                 {"peek", Peek},
                                 {"unread", Unread},
                                 {"lines", Lines},
                                 {"bind", BindTcp},
                                 {"connect", ConnectTcp},
                                 {"listen", ListenTcp},
                                 {"peer_credentials", PeerCredentialsOf},
                                 {"starttls", StartTls},
                                 {"tls_info", GetTlsInfo},
                                 {"shutdown", ShutdownSocket},
                                 {"setsockopt", SetSockOpt<Check>},
                                 {"getsockopt", GetSockOpt<Check>},
                                 {"getpeername", GetPeerName<Check>},
                                 {"getsockname", GetSockName<Check>},
                                 {"fd", GetFd<Check>},
                                 {"close", Close<Check>},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::connection_kind, LuaConnection>},
    {"__close", Close<Check>},
    {"__tostring", SocketToString},
    {nullptr, nullptr}};

}  // namespace

void OpenConnections(lua_State* L, Runtime& runtime) {
  runtime.connection_kind.Register(L, "lev.socket", kMethods, kMeta);
  AddTwins(L, runtime.connection_kind,
           {"send", "sendfile", "send_fds", "recv", "recv_exactly",
            "recv_until", "recv_fds", "peek", "connect", "starttls"});
}

}  // namespace lev::lua
