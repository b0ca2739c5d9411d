#include "lev/lua/lua_connect.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/tcp_socket.h"

namespace lev::lua {
namespace {

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

std::string DescribePeer(lua_State* L) {
  return static_cast<Address*>(lua_touserdata(L, 1))->ToString();
}

constexpr Verb kConnect = {.name = "lev.connect",
                           .wait = 3,
                           .step = ConnectStep,
                           .give_up = CloseConnecting,
                           .describe = DescribePeer};

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

constexpr luaL_Reg kFunctions[] = {{"connect", Connect}, {nullptr, nullptr}};

}  // namespace

void OpenConnect(lua_State* L, Runtime&) { AddFunctions(L, kFunctions); }

}  // namespace lev::lua
