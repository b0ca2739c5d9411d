#include "lev/lua/lua_unix.h"

#include <sys/socket.h>

#include <utility>

#include "absl/status/statusor.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_listener.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"
#include "lev/net/unix_socket.h"

namespace lev::lua {
namespace {

// Apart from its caller, which raises: this one owns C++ objects. False, with
// nil and an error pushed, if it is no name.
bool ParsePath(lua_State* L, absl::string_view path, Address& address) {
  const absl::StatusOr<Address> parsed = Address::Unix(path);
  if (parsed.ok()) {
    address = *parsed;
  } else {
    PushError(L, parsed.status());
  }
  return parsed.ok();
}

// The boolean option `name` of the table, or nothing, at 2.
bool Flag(lua_State* L, const char* name) {
  if (!lua_istable(L, 2)) return false;
  lua_getfield(L, 2, name);
  const bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

// lev.unix_connect: 1 the peer (an Address), 2 and 3 the driver's, 4 whether
// it passes descriptors, and once it has begun the socket.

// Makes the socket for the box on top. False, with nil and an error pushed,
// if the system has none.
bool OpenSocket(lua_State* L, bool pass_fds) {
  absl::StatusOr<OwnedFd> fd =
      OpenUnixSocket(SOCK_STREAM, Runtime::Of(L).sockets());
  if (!fd.ok()) return PushError(L, fd.status()), false;
  LuaConnection::Fill(L, Runtime::Of(L), *std::move(fd),
                      FdStream::Kind::kUnixSocket);
  auto& socket = ObjectKind::At<LuaConnection>(L, -1);
  if (pass_fds) socket.connection().descriptor().KeepFds();
  return true;
}

LuaStep ConnectStep(lua_State* L, LuaTask&, bool resumed) {
  if (!resumed) {
    ObjectKind::PushBox(L, 0);
    if (!OpenSocket(L, lua_toboolean(L, 4))) return LuaStep::Done(2);
    lua_replace(L, 4);
  }
  Connection& connection = LuaConnection::At(L, 4);
  const auto& peer = *static_cast<Address*>(lua_touserdata(L, 1));
  const Step step = connection.Connect(peer);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  if (step.failed()) {
    connection.Close();
    return LuaStep::Done(PushError(L, connection.error()));
  }
  lua_settop(L, 4);
  return LuaStep::Done(1);
}

int CloseConnecting(lua_State* L, LuaTask&) {
  if (lua_isuserdata(L, 4)) LuaConnection::At(L, 4).Close();
  return 0;
}

constexpr Verb kConnect = {.name = "lev.unix_connect",
                           .wait = 2,
                           .step = ConnectStep,
                           .give_up = CloseConnecting};

int UnixConnect(lua_State* L) {
  Address peer;
  const absl::string_view path = CheckString(L, 1);
  const bool pass_fds = Flag(L, "pass_fds");
  NormalizeWait(L, 2, kNever, {"pass_fds"});
  if (!ParsePath(L, path, peer)) return 2;
  *static_cast<Address*>(lua_newuserdatauv(L, sizeof(Address), 0)) = peer;
  lua_replace(L, 1);
  lua_pushboolean(L, pass_fds);
  return Drive(L, Runtime::Of(L), kConnect);
}

// Makes the listener for the box on top.
int OpenListener(lua_State* L, Runtime& runtime, const Address& address,
                 const UnixListenOptions& options, bool pass_fds) {
  BoundPath path;
  absl::StatusOr<OwnedFd> fd =
      OpenUnixListener(address, options, path, runtime.sockets());
  if (!fd.ok()) return PushError(L, fd.status());
  FillListener(L, runtime, *std::move(fd), std::move(path), pass_fds);
  return 1;
}

int UnixListen(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  Address address;
  const absl::string_view path = CheckString(L, 1);
  CheckOptions(L, 2, {"backlog", "mode", "pass_fds"});
  lua_settop(L, 2);
  UnixListenOptions options;
  const bool pass_fds = Flag(L, "pass_fds");
  if (lua_istable(L, 2)) {
    options.backlog = IntegerOption(L, 2, "backlog", 65535, options.backlog);
    options.mode = IntegerOption(L, 2, "mode", 07777, options.mode);
  }
  runtime.CheckRunning(L, "lev.unix_listen");
  if (!ParsePath(L, path, address)) return 2;
  ObjectKind::PushBox(L, 0);
  return OpenListener(L, runtime, address, options, pass_fds);
}

// Apart from its caller, which raises. False, with nil and an error pushed.
bool FindCredentials(lua_State* L, FdRef fd, PeerCredentials& credentials) {
  const absl::StatusOr<PeerCredentials> found = GetPeerCredentials(fd);
  if (found.ok()) {
    credentials = *found;
  } else {
    PushError(L, found.status());
  }
  return found.ok();
}

constexpr luaL_Reg kFunctions[] = {{"unix_connect", UnixConnect},
                                   {"unix_listen", UnixListen},
                                   {nullptr, nullptr}};

}  // namespace

int PeerCredentialsOf(lua_State* L) {
  const Connection& connection = LuaConnection::Check(L);
  if (!connection.is_open()) return PushError(L, SocketClosedError());
  PeerCredentials credentials;
  if (!FindCredentials(L, connection.ref(), credentials)) return 2;
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, credentials.pid);
  lua_setfield(L, -2, "pid");
  lua_pushinteger(L, credentials.uid);
  lua_setfield(L, -2, "uid");
  lua_pushinteger(L, credentials.gid);
  lua_setfield(L, -2, "gid");
  return 1;
}

void OpenUnix(lua_State* L, Runtime&) {
  AddFunctions(L, kFunctions);
  AddTwins(L, {"unix_connect"});
}

}  // namespace lev::lua
