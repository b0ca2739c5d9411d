#include "lev/lua/lua_tcp.h"

#include <sys/socket.h>

#include <utility>

#include "absl/status/statusor.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_listener.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"

namespace lev::lua {
namespace {

// Makes the socket for the box on top.
int OpenSocket(lua_State* L, Runtime& runtime, int family) {
  absl::StatusOr<OwnedFd> fd = OpenTcpSocket(family, runtime.sockets());
  if (!fd.ok()) return PushError(L, fd.status());
  LuaConnection::Fill(L, runtime, *std::move(fd));
  return 1;
}

int Tcp(lua_State* L) {
  static const char* const kNames[] = {"inet", "inet6", nullptr};
  static const int kFamilies[] = {AF_INET, AF_INET6};
  Runtime& runtime = Runtime::Of(L);
  const int family = kFamilies[luaL_checkoption(L, 1, "inet", kNames)];
  runtime.CheckRunning(L, "lev.tcp");
  ObjectKind::PushBox(L, 0);
  return OpenSocket(L, runtime, family);
}

// socket:connect: 1 socket, 2 the peer (an Address), 3 whether this call has
// begun, 4 and 5 the driver's.
LuaStep ConnectStep(lua_State* L, LuaTask&, bool resumed) {
  Connection& connection = LuaConnection::At(L);
  if (connection.connecting() && !resumed) return Failed(L, "busy");
  const auto& peer = *static_cast<Address*>(lua_touserdata(L, 2));
  const Step step = connection.Connect(peer);
  lua_pushboolean(L, true);
  lua_replace(L, 3);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  if (step.failed()) return LuaStep::Done(PushError(L, connection.error()));
  lua_pushboolean(L, true);
  return LuaStep::Done(1);
}

// Whether it connects after all, nobody would know. What another call has
// connected, or is about to, is none of this one's business.
int CloseConnecting(lua_State* L, LuaTask&) {
  if (!lua_toboolean(L, 3)) return 0;
  Connection& connection = LuaConnection::At(L);
  ForgetFd(L, connection.fd());
  connection.Close();
  return 0;
}

constexpr Verb kConnect = {.name = "socket:connect",
                           .wait = 4,
                           .step = ConnectStep,
                           .give_up = CloseConnecting};

// Apart from its caller, which raises. Gives the descriptor to the box on top.
int BecomeListener(lua_State* L, Connection& connection, int backlog) {
  const absl::Status status = StartListening(connection.ref(), backlog);
  if (!status.ok()) return PushError(L, status);
  FillListener(L, Runtime::Of(L), connection.Release());
  return 1;
}

}  // namespace

int BindTcp(lua_State* L) {
  const Connection& connection = LuaConnection::Check(L);
  Address address;
  if (!CheckAddress(L, address, 2)) return 2;
  if (!connection.is_open()) return PushError(L, SocketClosedError());
  return PushStatus(L, Bind(connection.ref(), address));
}

int ConnectTcp(lua_State* L) {
  LuaConnection::Check(L);
  Address peer;
  NormalizeWait(L, 4);
  if (!CheckAddress(L, peer, 2)) return 2;
  *static_cast<Address*>(lua_newuserdatauv(L, sizeof(Address), 0)) = peer;
  lua_replace(L, 2);
  lua_pushboolean(L, false);
  lua_replace(L, 3);
  return Drive(L, Runtime::Of(L), kConnect);
}

int ListenTcp(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  Connection& connection = LuaConnection::Check(L);
  const auto backlog = static_cast<int>(
      lua_isnoneornil(L, 2) ? 128 : CheckInteger(L, 2, 0, 65535));
  runtime.CheckRunning(L, "socket:listen");
  if (!connection.is_open()) return PushError(L, SocketClosedError());
  ObjectKind::PushBox(L, 0);
  return BecomeListener(L, connection, backlog);
}

namespace {

constexpr luaL_Reg kFunctions[] = {{"tcp", Tcp}, {nullptr, nullptr}};

}  // namespace

void OpenTcp(lua_State* L, Runtime&) { AddFunctions(L, kFunctions); }

}  // namespace lev::lua
