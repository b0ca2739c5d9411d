#include "lev/lua/lua_core_tcp.h"

#include <sys/socket.h>

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/loop/fd_readiness.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_core_socket.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"
#include "lev/net/fd_stream.h"
#include "lev/net/tcp_socket.h"

namespace lev::lua {
namespace {

class CoreTcp final : public CoreSocket {
 public:
  CoreTcp(Runtime& runtime, OwnedFd fd)
      : CoreSocket(runtime, std::move(fd)),
        stream_(CoreSocket::fd(), readiness_) {}

  // For one attempt. Nobody tells the socket of edges: each time it asks the
  // kernel.
  Stream& stream() {
    readiness_ = {};
    return stream_;
  }

 private:
  FdReadiness readiness_;
  FdStream stream_;
};

CoreTcp& Check(lua_State* L) {
  return Runtime::Of(L).core_tcp_kind.Check<CoreTcp>(L, 1);
}

// Raises nothing. Gives the descriptor to the box on top.
void Fill(lua_State* L, Runtime& runtime, OwnedFd fd) {
  runtime.core_tcp_kind.Fill(L, new CoreTcp(runtime, std::move(fd)));
}

int PushConnect(lua_State* L, IoResult result, const absl::Status& error) {
  if (result.failed()) return PushError(L, error);
  if (!result.done()) return PushBlocked(L, "EINPROGRESS");
  lua_pushboolean(L, true);
  return 1;
}

// Apart from its caller, which raises.
int OpenSocket(lua_State* L, Runtime& runtime, int family) {
  absl::StatusOr<OwnedFd> fd = OpenTcpSocket(family);
  if (!fd.ok()) return PushError(L, fd.status());
  Fill(L, runtime, *std::move(fd));
  return 1;
}

int New(lua_State* L) {
  const int family = CheckFamily(L);
  ObjectKind::PushBox(L, 0);
  return OpenSocket(L, Runtime::Of(L), family);
}

int Connect(lua_State* L) {
  const CoreTcp& socket = Check(L);
  Address peer;
  if (!CheckAddress(L, peer, 2)) return 2;
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  absl::Status error;
  const IoResult result = StartConnect(socket.fd(), peer, error);
  return PushConnect(L, result, error);
}

int ConnectFinish(lua_State* L) {
  const CoreTcp& socket = Check(L);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  absl::Status error;
  const IoResult result = FinishConnect(socket.fd(), error);
  return PushConnect(L, result, error);
}

int BindTcp(lua_State* L) { return BindTo(L, Check(L)); }

int Listen(lua_State* L) {
  const CoreTcp& socket = Check(L);
  const auto backlog = static_cast<int>(
      lua_isnoneornil(L, 2) ? 128 : CheckInteger(L, 2, 0, 65535));
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return PushStatus(L, StartListening(socket.fd(), backlog));
}

// Apart from its caller, which raises. The new socket fills the box on top.
int TakeConnection(lua_State* L, Runtime& runtime, const CoreTcp& listener,
                   Address& peer) {
  OwnedFd fd;
  absl::Status error;
  const IoResult result = TryAccept(listener.fd(), fd, peer, error);
  if (result.failed()) return PushError(L, error);
  if (!result.done()) return PushBlocked(L, "EAGAIN");
  Fill(L, runtime, std::move(fd));
  return 1;
}

int Accept(lua_State* L) {
  const CoreTcp& socket = Check(L);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  Address peer;
  ObjectKind::PushBox(L, 0);
  const int results = TakeConnection(L, Runtime::Of(L), socket, peer);
  return results == 1 ? 1 + PushAddress(L, peer) : results;
}

int Send(lua_State* L) {
  CoreTcp& socket = Check(L);
  const absl::string_view data = CheckString(L, 2);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return SendOnce(L, socket.stream(), data);
}

int Recv(lua_State* L) {
  CoreTcp& socket = Check(L);
  const size_t most = CheckMost(L, 2);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return RecvOnce(L, socket.stream(), most);
}

int ShutdownSocket(lua_State* L) {
  static const char* const kNames[] = {"r", "w", "rw", nullptr};
  static const int kHow[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
  const CoreTcp& socket = Check(L);
  const int how = kHow[luaL_checkoption(L, 2, "rw", kNames)];
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return PushStatus(L, Shutdown(socket.fd(), how));
}

int Collect(lua_State* L) {
  Runtime::Of(L).core_tcp_kind.Destroy<CoreTcp>(L);
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"connect", Connect},
                                 {"connect_finish", ConnectFinish},
                                 {"bind", BindTcp},
                                 {"listen", Listen},
                                 {"accept", Accept},
                                 {"send", Send},
                                 {"recv", Recv},
                                 {"setsockopt", SetSockOpt<Check>},
                                 {"getsockopt", GetSockOpt<Check>},
                                 {"getpeername", GetPeerName<Check>},
                                 {"getsockname", GetSockName<Check>},
                                 {"shutdown", ShutdownSocket},
                                 {"fd", GetFd<Check>},
                                 {"close", Close<Check>},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__gc", Collect},
                              {"__close", Close<Check>},
                              {"__tostring", ToString<Check>},
                              {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"tcp_new", New}, {nullptr, nullptr}};

}  // namespace

void OpenCoreTcp(lua_State* L, Runtime& runtime) {
  runtime.core_tcp_kind.Register(L, "lev.core.tcp", kMethods, kMeta);
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
