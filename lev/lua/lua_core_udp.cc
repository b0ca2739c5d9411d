#include "lev/lua/lua_core_udp.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_core_socket.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/datagram.h"
#include "lev/net/error.h"

namespace lev::lua {
namespace {

class CoreUdp final : public CoreSocket {
 public:
  using CoreSocket::CoreSocket;
};

CoreUdp& Check(lua_State* L) {
  return Runtime::Of(L).core_udp_kind.Check<CoreUdp>(L, 1);
}

// Apart from its caller, which raises.
int OpenSocket(lua_State* L, Runtime& runtime, int family) {
  absl::StatusOr<OwnedFd> fd = OpenUdpSocket(family, runtime.sockets());
  if (!fd.ok()) return PushError(L, fd.status());
  runtime.core_udp_kind.Fill(L, new CoreUdp(runtime, *std::move(fd)));
  return 1;
}

int New(lua_State* L) {
  const int family = CheckFamily(L);
  ObjectKind::PushBox(L, 0);
  return OpenSocket(L, Runtime::Of(L), family);
}

int BindUdp(lua_State* L) { return BindTo(L, Check(L)); }

// Apart from their callers, which raise: these own an error. 0 if it is done,
// else the count of what was pushed instead of a result.

int TrySend(lua_State* L, const CoreUdp& socket, const Datagram& datagram) {
  absl::Status error;
  const IoResult result = TrySendTo(socket.ref(), datagram, error);
  if (result.failed()) return PushError(L, error);
  return result.done() ? 0 : PushBlocked(L, "EAGAIN");
}

int TryRecv(lua_State* L, const CoreUdp& socket, absl::Span<char> buffer,
            Datagram& datagram) {
  absl::Status error;
  const IoResult result = TryRecvFrom(socket.ref(), buffer, datagram, error);
  if (result.failed()) return PushError(L, error);
  return result.done() ? 0 : PushBlocked(L, "EAGAIN");
}

// sendto(data, addr, port) -> nbytes
int SendTo(lua_State* L) {
  const CoreUdp& socket = Check(L);
  Datagram datagram = {.data = CheckString(L, 2), .addressed = true};
  if (!CheckAddress(L, datagram.peer, 3)) return 2;
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  const int pushed = TrySend(L, socket, datagram);
  if (pushed != 0) return pushed;
  lua_pushinteger(L, static_cast<lua_Integer>(datagram.data.size()));
  return 1;
}

// recvfrom(maxlen) -> data, addr, port [, "truncated"]
int RecvFrom(lua_State* L) {
  const CoreUdp& socket = Check(L);
  const size_t most = CheckMost(L, 2);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  Datagram datagram;
  const int pushed = TryRecv(L, socket, RoomFor(L, most), datagram);
  if (pushed != 0) return pushed;
  lua_pushlstring(L, datagram.data.data(), datagram.data.size());
  const int results = 1 + PushAddress(L, datagram.peer);
  if (!datagram.truncated) return results;
  lua_pushliteral(L, "truncated");
  return results + 1;
}

constexpr luaL_Reg kMethods[] = {{"bind", BindUdp},
                                 {"sendto", SendTo},
                                 {"recvfrom", RecvFrom},
                                 {"setsockopt", SetSockOpt<Check>},
                                 {"getsockopt", GetSockOpt<Check>},
                                 {"getsockname", GetSockName<Check>},
                                 {"fd", GetFd<Check>},
                                 {"close", Close<Check>},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::core_udp_kind, CoreUdp>},
    {"__close", Close<Check>},
    {"__tostring", ToString<Check>},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"udp_new", New}, {nullptr, nullptr}};

}  // namespace

void OpenCoreUdp(lua_State* L, Runtime& runtime) {
  runtime.core_udp_kind.Register(L, "lev.core.udp", kMethods, kMeta);
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
