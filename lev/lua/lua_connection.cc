#include "lev/lua/lua_connection.h"

#include <sys/socket.h>

#include <utility>

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

int Collect(lua_State* L) {
  Runtime::Of(L).connection_kind.Destroy<LuaConnection>(L);
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"send", Send},
                                 {"recv", Recv},
                                 {"recv_exactly", RecvExactly},
                                 {"recv_until", RecvUntil},
                                 {"shutdown", ShutdownSocket},
                                 {"setsockopt", SetSockOpt<Check>},
                                 {"getsockopt", GetSockOpt<Check>},
                                 {"getpeername", GetPeerName<Check>},
                                 {"getsockname", GetSockName<Check>},
                                 {"fd", GetFd<Check>},
                                 {"close", Close<Check>},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__gc", Collect},
                              {"__close", Close<Check>},
                              {"__tostring", ToString<Check>},
                              {nullptr, nullptr}};

}  // namespace

void OpenConnections(lua_State* L, Runtime& runtime) {
  runtime.connection_kind.Register(L, "lev.tcp", kMethods, kMeta);
}

}  // namespace lev::lua
