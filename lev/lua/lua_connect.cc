#include "lev/lua/lua_connect.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_tls.h"
#include "lev/lua/lua_tls_config.h"
#include "lev/net/connector.h"
#include "lev/net/host_name.h"
#include "lev/net/lookup.h"
#include "lev/net/resolver.h"
#include "lev/net/tcp_socket.h"

namespace lev::lua {
namespace {

// lev.connect: 1 the host, 2 the table for TLS or nil, 3 and 4 the driver's,
// 5 the peer (an Address); or, if the host is a name, the Address from which
// to connect, or nil, and once it has begun the Dialling; 6 the port, and then
// the socket. During a handshake 5 is nil.

bool Begun(lua_State* L) { return lua_isuserdata(L, 6); }

// With TLS, or without.

LuaStep ShakeHandsStep(lua_State* L) {
  const TlsStep shaken = ShakeHands(L, LuaConnection::At(L, 6));
  if (!shaken.ready) return shaken.step;
  lua_settop(L, 6);
  return LuaStep::Done(1);
}

bool ShakesHands(lua_State* L) { return Begun(L) && lua_isnil(L, 5); }

// The driver's timeout (`blocked`: the deadline that it has become) bounds the
// handshake, too; and without one the table's does, or the usual.
void LimitHandshake(lua_State* L, LuaTask& task, bool blocked) {
  const Nanos whole = lua_tointeger(L, 3);
  Nanos limit = TlsTimeout(L, 2, whole == kNever ? kTlsTimeout : kNever);
  if (blocked && limit != kNever) limit = After(task.loop().FreshNow(), limit);
  lua_pushinteger(L, std::min(whole, limit));
  lua_replace(L, 3);
}

// The socket at 6 is connected: the end of lev.connect, unless there is TLS.
LuaStep Connected(lua_State* L, LuaTask& task, bool resumed) {
  lua_settop(L, 6);
  if (lua_isnil(L, 2)) return LuaStep::Done(1);
  lua_pushnil(L);
  lua_replace(L, 5);
  Connection& connection = LuaConnection::At(L, 6);
  size_t size;
  const char* const host = lua_tolstring(L, 1, &size);
  if (!BeginTls(L, connection, 2, {host, size})) {
    return LuaStep::Done(lua_gettop(L) - 6);
  }
  LimitHandshake(L, task, resumed);
  if (PushTlsField(L, 2, "cancel") == LUA_TNIL) {
    lua_pop(L, 1);
    return ShakeHandsStep(L);
  }
  // Another token from now on: the driver looks when it calls again.
  lua_replace(L, 4);
  const Step pause = connection.ToStep(IoResult::Paused());
  return LuaStep::Blocked(*pause.list, pause.ready);
}

// To an address.

// Makes the socket for the box on top. False, with nil and an error
// pushed, if the system has none.
bool OpenSocket(lua_State* L, const Address& peer) {
  absl::StatusOr<OwnedFd> fd =
      OpenTcpSocket(peer.family(), Runtime::Of(L).sockets());
  if (!fd.ok()) return PushError(L, fd.status()), false;
  LuaConnection::Fill(L, Runtime::Of(L), *std::move(fd));
  return true;
}

LuaStep ConnectStep(lua_State* L, LuaTask& task, bool resumed) {
  if (ShakesHands(L)) return ShakeHandsStep(L);
  const auto& peer = *static_cast<Address*>(lua_touserdata(L, 5));
  if (!resumed) {
    ObjectKind::PushBox(L, 0);
    lua_replace(L, 6);
    lua_pushvalue(L, 6);
    if (!OpenSocket(L, peer)) return LuaStep::Done(2);
    lua_pop(L, 1);
  }
  Connection& connection = LuaConnection::At(L, 6);
  const Step step = connection.Connect(peer);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  if (step.done()) return Connected(L, task, resumed);
  connection.Close();
  return LuaStep::Done(PushError(L, connection.error()));
}

int CloseConnecting(lua_State* L, LuaTask&) {
  if (Begun(L)) LuaConnection::At(L, 6).Close();
  return 0;
}

std::string DescribePeer(lua_State* thread) {
  if (ShakesHands(thread)) return ObjectKind::DescribeBoxed(thread, 6);
  return static_cast<Address*>(lua_touserdata(thread, 5))->ToString();
}

constexpr Verb kConnect = {.name = "lev.connect",
                           .wait = 3,
                           .step = ConnectStep,
                           .give_up = CloseConnecting,
                           .describe = DescribePeer};

void PushAddressValue(lua_State* L, const Address& address) {
  *static_cast<Address*>(lua_newuserdatauv(L, sizeof(Address), 0)) = address;
}

int ConnectToAddress(lua_State* L, Runtime& runtime, const Address& peer) {
  PushAddressValue(L, peer);
  lua_pushnil(L);
  return Drive(L, runtime, kConnect);
}

// To a name.

// The attempts to connect to a host, from its look-up on.
class Dialling final : public Boxed {
 public:
  Dialling(Runtime& runtime, absl::string_view host, uint16_t port,
           std::optional<Address> local)
      : dialer_(local, runtime.sockets()),
        lookup_(std::in_place, local.has_value() ? local->family() : AF_UNSPEC),
        connector_(std::in_place, runtime.loop(), *lookup_, dialer_) {
    runtime.Own(*this);
    runtime.resolver().Start(host, port, *lookup_);
  }

  Connector& connector() { return *connector_; }
  void Drop() {
    connector_.reset();
    lookup_.reset();
  }
  void EndOfRun() override { Drop(); }

 private:
  TcpDialer dialer_;
  std::optional<Lookup> lookup_;
  std::optional<Connector> connector_;
};

int DropDialling(lua_State* L, LuaTask& task) {
  if (ShakesHands(L)) return CloseConnecting(L, task);
  if (Begun(L)) ObjectKind::At<Dialling>(L, 5).Drop();
  return 0;
}

// Apart from its caller, which raises.
Dialling* Dial(lua_State* L, Runtime& runtime) {
  size_t size;
  const char* const host = lua_tolstring(L, 1, &size);
  std::optional<Address> local;
  if (!lua_isnil(L, 5)) {
    local = *static_cast<Address*>(lua_touserdata(L, 5));
  }
  const auto port = static_cast<uint16_t>(lua_tointeger(L, 6));
  return new Dialling(runtime, {host, size}, port, local);
}

// From here on the values are those of one that has begun.
void BeginToDial(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  ObjectKind::PushBox(L, 0);
  ObjectKind::PushBox(L, 0);
  runtime.dialling_kind.Fill(L, Dial(L, runtime));
  lua_replace(L, 5);
  lua_replace(L, 6);
}

LuaStep DialStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed) BeginToDial(L);
  if (ShakesHands(L)) return ShakeHandsStep(L);
  Connector& connector = ObjectKind::At<Dialling>(L, 5).connector();
  if (!connector.decided()) return LuaStep::Blocked(connector);
  if (!connector.error().ok()) {
    const int results = PushError(L, connector.error());
    DropDialling(L, task);
    return LuaStep::Done(results);
  }
  lua_settop(L, 6);
  LuaConnection::Fill(L, Runtime::Of(L), connector.TakeFd());
  DropDialling(L, task);
  return Connected(L, task, resumed);
}

constexpr Verb kDial = {.name = "lev.connect",
                        .wait = 3,
                        .step = DialStep,
                        .give_up = DropDialling};

int ConnectToName(lua_State* L, Runtime& runtime, uint16_t port,
                  const std::optional<Address>& local) {
  if (local.has_value()) {
    PushAddressValue(L, *local);
  } else {
    lua_pushnil(L);
  }
  lua_pushinteger(L, port);
  return Drive(L, runtime, kDial);
}

// The arguments.

// The table for TLS among the options, if there is one.
void CheckTls(lua_State* L) {
  const int type = PushTlsField(L, 3, "tls");
  if (type == LUA_TTABLE) {
    CheckTlsTable(L, lua_gettop(L), 3, "tls: ");
  } else if (type != LUA_TNIL) {
    const char* const name = lua_typename(L, type);
    luaL_argerror(L, 3,
                  lua_pushfstring(L, "tls: table expected, got %s", name));
  }
  lua_pop(L, 1);
}

// The table at 3, or nil, goes to 2; what is not the driver's is checked.
void KeepOptions(lua_State* L) {
  lua_settop(L, 3);
  if (!lua_istable(L, 3)) {
    lua_pushnil(L);
  } else {
    const int type = lua_getfield(L, 3, "local_addr");
    if (type != LUA_TNIL && type != LUA_TSTRING) {
      luaL_argerror(L, 3, "local_addr: string expected");
    }
    lua_pop(L, 1);
    CheckTls(L);
    lua_pushvalue(L, 3);
  }
  lua_replace(L, 2);
}

// Whether the host is an address.
bool ParsePeer(absl::string_view host, uint16_t port, Address& peer) {
  const absl::StatusOr<Address> parsed = ParseHostAddress(host, port);
  if (parsed.ok()) peer = *parsed;
  return parsed.ok();
}

// The text on top of the stack. False, with nil and an error pushed, if it is
// not an address.
bool ParseLocal(lua_State* L, std::optional<Address>& local) {
  size_t size;
  const char* const text = lua_tolstring(L, -1, &size);
  const absl::StatusOr<Address> parsed = ParseHostAddress({text, size}, 0);
  if (!parsed.ok()) return PushError(L, parsed.status()), false;
  local = *parsed;
  return true;
}

bool CheckLocal(lua_State* L, std::optional<Address>& local) {
  if (lua_isnil(L, 2)) return true;
  if (lua_getfield(L, 2, "local_addr") != LUA_TNIL && !ParseLocal(L, local)) {
    return false;
  }
  lua_pop(L, 1);
  return true;
}

// Of the options at 2 only the table for TLS is wanted any more, or nil.
void KeepTls(lua_State* L) {
  if (lua_isnil(L, 2)) return;
  if (PushTlsField(L, 2, "tls") != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  lua_replace(L, 2);
}

int Connect(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const absl::string_view host = CheckString(L, 1);
  const auto port = static_cast<uint16_t>(CheckInteger(L, 2, 0, 65535));
  KeepOptions(L);
  NormalizeWait(L, 3, kNever, {"local_addr", "tls"});
  std::optional<Address> local;
  if (!CheckLocal(L, local)) return 2;
  KeepTls(L);
  Address peer;
  if (!local.has_value() && ParsePeer(host, port, peer)) {
    return ConnectToAddress(L, runtime, peer);
  }
  return ConnectToName(L, runtime, port, local);
}

constexpr luaL_Reg kMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::dialling_kind, Dialling>}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"connect", Connect}, {nullptr, nullptr}};

}  // namespace

void OpenConnect(lua_State* L, Runtime& runtime) {
  runtime.dialling_kind.Register(L, "lev.dialling", kMethods, kMeta);
  AddFunctions(L, kFunctions);
  AddTwins(L, {"connect"});
}

}  // namespace lev::lua
