#include "lev/lua/lua_tls.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_tls_config.h"
#include "lev/lua/lua_tls_contexts.h"
#include "lev/lua/lua_tls_info.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"
#include "lev/tls/tls_stream.h"

namespace lev::lua {
namespace {

TlsStream& TlsOf(const Connection& connection) {
  return *static_cast<TlsStream*>(connection.upper());
}

// Whom a client talks to. Without a name it is the address it has connected
// to that must be in the certificate.
TlsPeer PeerOf(FdRef fd, const TlsRequest& request, absl::string_view name) {
  if (request.config.role == TlsRole::kServer) return {};
  TlsPeer peer;
  const absl::StatusOr<Address> address = PeerAddress(fd);
  const bool inet = address.ok() && !address->is_unix();
  peer.name =
      request.server_name.empty() ? std::string(name) : request.server_name;
  if (!peer.name.empty()) {
    peer.place = inet ? absl::StrCat(address->port()) : "";
  } else if (inet) {
    peer.place = address->ToString();
    if (request.config.verify) peer.name = address->host();
  }
  return peer;
}

absl::Status Upgrade(lua_State* L, Connection& connection, int config,
                     absl::string_view name) {
  const absl::StatusOr<TlsPlan> plan =
      PlanTls(L, config, connection.ref(), name);
  if (!plan.ok()) return plan.status();
  connection.BeginUpgrade([&](Stream& beneath) {
    return std::make_unique<TlsStream>(*plan->context, beneath, plan->peer);
  });
  return absl::OkStatus();
}

// Why TLS cannot begin, though the socket may go on as it is; or null.
const char* Hindrance(Connection& connection) {
  if (!connection.is_open()) return "socket is closed";
  if (connection.upgraded()) return "tls is already on";
  const bool busy = connection.upper() != nullptr || connection.connecting() ||
                    connection.ReadBusy(false) || connection.SendBusy();
  return busy ? "busy" : nullptr;
}

// socket:starttls: 1 socket, 2 the configuration, 3 and 4 the driver's, 5
// whether it has begun.

LuaStep StartTlsStep(lua_State* L, LuaTask&, bool) {
  Connection& connection = LuaConnection::At(L);
  if (!lua_toboolean(L, 5)) {
    const char* const hindrance = Hindrance(connection);
    if (hindrance != nullptr) return Failed(L, hindrance);
    lua_pushboolean(L, true);
    lua_replace(L, 5);
    const int before = lua_gettop(L);
    if (!BeginTls(L, connection, 2, "")) {
      return LuaStep::Done(lua_gettop(L) - before);
    }
  }
  const TlsStep shaken = ShakeHands(L, connection);
  if (!shaken.ready) return shaken.step;
  lua_pushboolean(L, true);
  return LuaStep::Done(1);
}

// No byte goes out in the clear after somebody wanted TLS: neither when the
// handshake is cut short nor when it could not even begin.
int CloseUnlessOthers(lua_State* L, LuaTask&) {
  Connection& connection = LuaConnection::At(L);
  if (lua_toboolean(L, 5) || Hindrance(connection) == nullptr) {
    connection.Close();
  }
  return 0;
}

constexpr Verb kStartTls = {.name = "socket:starttls",
                            .wait = 3,
                            .step = StartTlsStep,
                            .give_up = CloseUnlessOthers};

// Apart from its caller, which raises.
bool PushInfo(lua_State* L, const Connection& connection) {
  return PushTlsInfo(L, TlsOf(connection).Info());
}

}  // namespace

absl::StatusOr<TlsPlan> PlanTls(lua_State* L, int config, FdRef fd,
                                absl::string_view name) {
  Runtime& runtime = Runtime::Of(L);
  const absl::StatusOr<TlsRequest> request = ReadTlsTable(L, config);
  if (!request.ok()) return request.status();
  const auto context = runtime.tls_contexts().Get(runtime, *request);
  if (!context.ok()) return context.status();
  return TlsPlan{*context, PeerOf(fd, *request, name)};
}

bool BeginTls(lua_State* L, Connection& connection, int config,
              absl::string_view name) {
  const absl::Status status = Upgrade(L, connection, config, name);
  if (status.ok()) return true;
  connection.Close();
  PushError(L, status);
  return false;
}

TlsStep ShakeHands(lua_State* L, Connection& connection) {
  if (!connection.is_open()) {
    return {LuaStep::Done(PushError(L, SocketClosedError()))};
  }
  const Step step = connection.ToStep(TlsOf(connection).TryHandshake());
  if (step.blocked()) return {LuaStep::Blocked(*step.list, step.ready)};
  if (step.done()) {
    connection.EndUpgrade();
    return {LuaStep::Done(0), true};
  }
  const LuaStep failed = LuaStep::Done(PushError(L, connection.error()));
  connection.Close();
  return {failed};
}

int StartTls(lua_State* L) {
  LuaConnection::Check(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  CheckTlsTable(L, 2, 2, "");
  lua_pushinteger(L, TlsTimeout(L, 2, kTlsTimeout));
  PushTlsField(L, 2, "cancel");
  lua_pushboolean(L, false);
  return Drive(L, Runtime::Of(L), kStartTls);
}

int GetTlsInfo(lua_State* L) {
  const Connection& connection = LuaConnection::Check(L);
  if (!connection.upgraded()) {
    lua_pushnil(L);
    return 1;
  }
  return PushInfo(L, connection) ? 1 : lua_error(L);
}

}  // namespace lev::lua
