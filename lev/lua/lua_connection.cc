#include "lev/lua/lua_connection.h"

#include <sys/socket.h>

#include <utility>

#include "absl/status/statusor.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_recv.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"

namespace lev::lua {

LuaConnection::LuaConnection(Runtime& runtime, OwnedFd fd)
    : connection_(runtime.loop(), std::move(fd), runtime.scratch()) {
  runtime.Own(*this);
}

void LuaConnection::Fill(lua_State* L, Runtime& runtime, OwnedFd fd) {
  runtime.connection_kind.Fill(L, new LuaConnection(runtime, std::move(fd)));
}

namespace {

Connection& Check(lua_State* L) {
  return Runtime::Of(L).connection_kind.Check<LuaConnection>(L, 1).connection();
}

// lev.connect: 1 the peer (an Address), 2 port, 3 and 4 the driver's, 5 the
// socket.

LuaConnection& Connecting(lua_State* L) {
  return ObjectKind::At<LuaConnection>(L, 5);
}

LuaStep ConnectStep(lua_State* L, LuaTask&, bool) {
  LuaConnection& socket = Connecting(L);
  const auto& peer = *static_cast<Address*>(lua_touserdata(L, 1));
  const Step step = socket.connection().Connect(peer);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  if (step.failed()) {
    socket.connection().Close();
    return LuaStep::Done(PushError(L, socket.connection().error()));
  }
  lua_settop(L, 5);
  return LuaStep::Done(1);
}

int CloseConnecting(lua_State* L, LuaTask&) {
  Connecting(L).connection().Close();
  return 0;
}

constexpr Verb kConnect = {.name = "lev.connect",
                           .wait = 3,
                           .step = ConnectStep,
                           .give_up = CloseConnecting};

// Makes the socket for the box on top. False, with nil and an error
// pushed, if the system has none.
bool OpenSocket(lua_State* L, Runtime& runtime, const Address& peer) {
  absl::StatusOr<OwnedFd> fd = OpenTcpSocket(peer.family());
  if (!fd.ok()) return PushError(L, fd.status()), false;
  LuaConnection::Fill(L, runtime, *std::move(fd));
  return true;
}

int Connect(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  Address peer;
  CheckString(L, 1);
  CheckInteger(L, 2, 0, 65535);
  NormalizeWait(L, 3);
  CheckCanSuspend(L, runtime, kConnect);
  if (!CheckAddress(L, peer)) return 2;
  *static_cast<Address*>(lua_newuserdatauv(L, sizeof(Address), 0)) = peer;
  lua_replace(L, 1);
  ObjectKind::PushBox(L, 0);
  if (!OpenSocket(L, runtime, peer)) return 2;
  return Drive(L, runtime, kConnect);
}

// socket:send: 1 socket, 2 data, 3 and 4 the driver's, 5 how much has gone.

int EndSend(lua_State* L, LuaTask& task) {
  ObjectKind::At<LuaConnection>(L, 1).connection().EndSend(&task);
  lua_pushvalue(L, 5);
  return 1;
}

LuaStep SendStep(lua_State* L, LuaTask& task, bool resumed) {
  Connection& connection = ObjectKind::At<LuaConnection>(L, 1).connection();
  size_t size;
  const char* const data = lua_tolstring(L, 2, &size);
  auto sent = static_cast<size_t>(lua_tointeger(L, 5));
  const Step step = connection.Send(&task, resumed, {data, size}, sent);
  lua_pushinteger(L, static_cast<lua_Integer>(sent));
  lua_replace(L, 5);
  if (step.blocked()) return LuaStep::Blocked(*step.list, step.ready);
  if (step.failed()) {
    lua_pushnil(L);
    PushMessage(L, connection.error().message());
    return LuaStep::Done(2 + EndSend(L, task));
  }
  return LuaStep::Done(EndSend(L, task));
}

constexpr Verb kSend = {
    .name = "socket:send", .wait = 3, .step = SendStep, .give_up = EndSend};

constexpr Nanos kSendTimeout = 30 * kSecond;

int Send(lua_State* L) {
  Check(L);
  CheckString(L, 2);
  NormalizeWait(L, 3, kSendTimeout);
  lua_pushinteger(L, 0);
  return Drive(L, Runtime::Of(L), kSend);
}

int ShutdownSocket(lua_State* L) {
  static const char* const kNames[] = {"r", "w", "rw", nullptr};
  static const int kHow[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
  Connection& connection = Check(L);
  const int how = kHow[luaL_checkoption(L, 2, "rw", kNames)];
  return PushStatus(L, connection.Shutdown(how));
}

int SetSocketOption(lua_State* L) {
  const Connection& connection = Check(L);
  if (!connection.is_open()) return PushError(L, SocketClosedError());
  return SetOption(L, connection.fd());
}

int GetPeerName(lua_State* L) {
  const Connection& connection = Check(L);
  if (!connection.is_open()) return PushError(L, SocketClosedError());
  return PushAddress(L, PeerAddress(connection.fd()));
}

int Collect(lua_State* L) {
  Runtime::Of(L).connection_kind.Destroy<LuaConnection>(L);
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"send", Send},
                                 {"recv", Recv},
                                 {"recv_exactly", RecvExactly},
                                 {"recv_until", RecvUntil},
                                 {"shutdown", ShutdownSocket},
                                 {"setsockopt", SetSocketOption},
                                 {"getpeername", GetPeerName},
                                 {"getsockname", GetSockName<Check>},
                                 {"fd", GetFd<Check>},
                                 {"close", Close<Check>},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__gc", Collect},
                              {"__close", Close<Check>},
                              {"__tostring", ToString<Check>},
                              {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"connect", Connect}, {nullptr, nullptr}};

}  // namespace

void OpenConnections(lua_State* L, Runtime& runtime) {
  runtime.connection_kind.Register(L, "lev.tcp", kMethods, kMeta);
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
