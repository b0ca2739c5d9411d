#include "lev/lua/lua_unix_dgram.h"

#include <sys/socket.h>

#include <utility>

#include "absl/status/statusor.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_datagram.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"
#include "lev/net/unix_socket.h"

namespace lev::lua {
namespace {

DatagramSocket& Check(lua_State* L) {
  return Runtime::Of(L).unix_dgram_kind.Check<LuaDatagram>(L, 1).socket();
}

// A method of lua_datagram.h.
template <lua_CFunction Method>
int Checked(lua_State* L) {
  Check(L);
  return Method(L);
}

// The argument that is a path. False, with nil and an error pushed, if it can
// be none. Raises for wrong types.
bool CheckPath(lua_State* L, int index, Address& address) {
  CheckString(L, index);
  lua_settop(L, index);
  lua_pushnil(L);
  return ReadAddress(L, index, address);
}

// Makes the socket for the box on top of the stack.
bool OpenSocket(lua_State* L, Runtime& runtime) {
  absl::StatusOr<OwnedFd> fd = OpenUnixSocket(SOCK_DGRAM, runtime.sockets());
  if (!fd.ok()) return PushError(L, fd.status()), false;
  LuaDatagram::Fill(L, runtime.unix_dgram_kind, runtime, *std::move(fd));
  return true;
}

// Nothing is left of a socket that could not be bound.
bool BindOrClose(lua_State* L, DatagramSocket& socket, const Address& address) {
  const absl::Status bound = socket.Bind(address);
  if (bound.ok()) return true;
  socket.Close();
  PushError(L, bound);
  return false;
}

int UnixDgram(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const bool named = !lua_isnoneornil(L, 1);
  if (named) CheckString(L, 1);
  runtime.CheckRunning(L, "lev.unix_dgram");
  Address address;
  if (named && !CheckPath(L, 1, address)) return 2;
  ObjectKind::PushBox(L, 0);
  if (!OpenSocket(L, runtime)) return 2;
  if (!named) return 1;
  auto& socket = ObjectKind::At<LuaDatagram>(L, -1).socket();
  return BindOrClose(L, socket, address) ? 1 : 2;
}

int Bind(lua_State* L) {
  DatagramSocket& socket = Check(L);
  Address address;
  if (!CheckPath(L, 2, address)) return 2;
  return PushStatus(L, socket.Bind(address));
}

int Connect(lua_State* L) {
  DatagramSocket& socket = Check(L);
  Address address;
  if (!CheckPath(L, 2, address)) return 2;
  return PushStatus(L, socket.Connect(address));
}

int Disconnect(lua_State* L) { return PushStatus(L, Check(L).Disconnect()); }

// sendto(data, path, wait) -> nbytes
int SendTo(lua_State* L) {
  Check(L);
  CheckString(L, 2);
  CheckString(L, 3);
  NormalizeWait(L, 4, kSendTimeout);
  lua_pushnil(L);
  lua_insert(L, 4);
  return SendDatagramTo(L);
}

// getsockname() and getpeername() -> path, empty if it has none
template <absl::StatusOr<Address> (*NameOf)(FdRef)>
int GetName(lua_State* L) {
  const DatagramSocket& socket = Check(L);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return PushPeer(L, NameOf(socket.ref()));
}

constexpr luaL_Reg kMethods[] = {{"bind", Bind},
                                 {"connect", Connect},
                                 {"disconnect", Disconnect},
                                 {"send", Checked<SendDatagram>},
                                 {"sendto", SendTo},
                                 {"sendto_many", Checked<SendDatagrams>},
                                 {"recv", Checked<RecvDatagram>},
                                 {"recvfrom", Checked<RecvDatagramFrom>},
                                 {"recvfrom_many", Checked<RecvDatagrams>},
                                 {"setsockopt", Checked<SetDatagramOption>},
                                 {"getsockopt", GetSockOpt<Check>},
                                 {"getsockname", GetName<LocalAddress>},
                                 {"getpeername", GetName<PeerAddress>},
                                 {"fd", GetFd<Check>},
                                 {"close", Close<Check>},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::unix_dgram_kind, LuaDatagram>},
    {"__close", Close<Check>},
    {"__tostring", ToString<Check>},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"unix_dgram", UnixDgram},
                                   {nullptr, nullptr}};

}  // namespace

void OpenUnixDgram(lua_State* L, Runtime& runtime) {
  runtime.unix_dgram_kind.Register(L, "lev.unix_dgram", kMethods, kMeta);
  AddDatagramTwins(L, runtime.unix_dgram_kind);
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
