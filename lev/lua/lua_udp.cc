#include "lev/lua/lua_udp.h"

#include <sys/socket.h>

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_datagram.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/datagram.h"

namespace lev::lua {
namespace {

DatagramSocket& Check(lua_State* L) {
  return Runtime::Of(L).udp_kind.Check<LuaDatagram>(L, 1).socket();
}

// A method of lua_datagram.h.
template <lua_CFunction Method>
int Checked(lua_State* L) {
  Check(L);
  return Method(L);
}

// Makes the socket for the box on top of the stack.
int OpenSocket(lua_State* L, Runtime& runtime, int family,
               DatagramSocket::Family choice) {
  absl::StatusOr<OwnedFd> fd = OpenUdpSocket(family, runtime.sockets());
  if (!fd.ok()) return PushError(L, fd.status());
  LuaDatagram::Fill(L, runtime.udp_kind, runtime, *std::move(fd), choice);
  return 1;
}

// Without a family it is that of the first address.
int Udp(lua_State* L) {
  static const char* const kNames[] = {"inet", "inet6", nullptr};
  static const int kFamilies[] = {AF_INET, AF_INET6};
  Runtime& runtime = Runtime::Of(L);
  const bool chosen = !lua_isnoneornil(L, 1);
  const int family = kFamilies[luaL_checkoption(L, 1, "inet", kNames)];
  runtime.CheckRunning(L, "lev.udp");
  ObjectKind::PushBox(L, 0);
  return OpenSocket(L, runtime, family,
                    chosen ? DatagramSocket::Family::kFixed
                           : DatagramSocket::Family::kByFirstUse);
}

int Bind(lua_State* L) {
  DatagramSocket& socket = Check(L);
  Address address;
  if (!CheckAddress(L, address, 2)) return 2;
  return PushStatus(L, socket.Bind(address));
}

int Connect(lua_State* L) {
  DatagramSocket& socket = Check(L);
  Address address;
  if (!CheckAddress(L, address, 2)) return 2;
  return PushStatus(L, socket.Connect(address));
}

int Disconnect(lua_State* L) { return PushStatus(L, Check(L).Disconnect()); }

// sendto(data, addr, port, wait) -> nbytes
int SendTo(lua_State* L) {
  Check(L);
  CheckString(L, 2);
  CheckString(L, 3);
  CheckInteger(L, 4, 0, 65535);
  NormalizeWait(L, 5, kSendTimeout);
  return SendDatagramTo(L);
}

using Change = absl::Status (DatagramSocket::*)(const Address&,
                                                absl::string_view);

// join(group, interface) and leave(group, interface) -> true
template <Change change>
int ChangeGroup(lua_State* L) {
  DatagramSocket& socket = Check(L);
  const absl::string_view group = CheckString(L, 2);
  absl::string_view interface;
  if (!lua_isnoneornil(L, 3)) interface = CheckInterface(L, 3);
  Address address;
  if (!ParseAddress(L, group, 0, address)) return 2;
  return PushStatus(L, (socket.*change)(address, interface));
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
                                 {"join", ChangeGroup<&DatagramSocket::Join>},
                                 {"leave", ChangeGroup<&DatagramSocket::Leave>},
                                 {"setsockopt", Checked<SetDatagramOption>},
                                 {"getsockopt", GetSockOpt<Check>},
                                 {"getsockname", GetSockName<Check>},
                                 {"getpeername", GetPeerName<Check>},
                                 {"fd", GetFd<Check>},
                                 {"close", Close<Check>},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::udp_kind, LuaDatagram>},
    {"__close", Close<Check>},
    {"__tostring", ToString<Check>},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"udp", Udp}, {nullptr, nullptr}};

}  // namespace

void OpenUdp(lua_State* L, Runtime& runtime) {
  runtime.udp_kind.Register(L, "lev.udp", kMethods, kMeta);
  AddDatagramTwins(L, runtime.udp_kind);
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
