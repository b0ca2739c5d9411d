#include "lev/lua/lua_core_tcp.h"

#include <sys/socket.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/loop/fd_readiness.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_core_socket.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_tls.h"
#include "lev/lua/lua_tls_config.h"
#include "lev/net/error.h"
#include "lev/net/fd_stream.h"
#include "lev/net/tcp_socket.h"
#include "lev/tls/tls_stream.h"

namespace lev::lua {
namespace {

// Nobody tells it of edges: each attempt asks the kernel.
class CoreTcp final : public CoreSocket {
 public:
  CoreTcp(Runtime& runtime, OwnedFd fd)
      : CoreSocket(runtime, std::move(fd)),
        stream_(CoreSocket::ref(), readiness_) {}
  ~CoreTcp() override { Close(); }

  // TLS was begun; it is ready.
  bool has_tls() const { return tls_ != nullptr; }
  bool tls_ready() const { return ready_; }

  void BeginTls(const TlsPlan& plan) {
    tls_ = std::make_unique<TlsStream>(*plan.context, stream_, plan.peer);
  }
  IoResult TryHandshake() {
    readiness_ = {};
    const IoResult result = tls_->TryHandshake();
    if (result.done()) ready_ = true;
    return result;
  }

  // What is read from and written to.
  Stream& stream() {
    readiness_ = {};
    return has_tls() ? static_cast<Stream&>(*tls_) : stream_;
  }

  // Done once what was taken has gone to the kernel: what TLS keeps would wait
  // for the next call. Until then `data` is to be what it was.
  IoResult TryWrite(absl::Span<const char> data) {
    if (!has_tls()) return stream().TryWrite(data);
    if (taken_ == 0) {
      const IoResult result = stream().TryWrite(data);
      if (!result.done()) return result;
      taken_ = result.bytes;
    }
    const IoResult flushed = stream().TryWrite({});
    return flushed.done() ? IoResult::Done(std::exchange(taken_, 0)) : flushed;
  }

  void SayGoodbye() {
    if (tls_ready()) stream().TryShutdownWrite();
  }

  void Close() {
    if (!is_open()) return;
    SayGoodbye();
    tls_.reset();
    CoreSocket::Close();
  }

 private:
  FdReadiness readiness_;
  FdStream stream_;
  std::unique_ptr<TlsStream> tls_;
  size_t taken_ = 0;  // By TLS, and not yet reported.
  bool ready_ = false;
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
  absl::StatusOr<OwnedFd> fd = OpenTcpSocket(family, runtime.sockets());
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
  const IoResult result = StartConnect(socket.ref(), peer, error);
  return PushConnect(L, result, error);
}

int ConnectFinish(lua_State* L) {
  const CoreTcp& socket = Check(L);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  absl::Status error;
  const IoResult result = FinishConnect(socket.ref(), error);
  return PushConnect(L, result, error);
}

int BindTcp(lua_State* L) { return BindTo(L, Check(L)); }

int Listen(lua_State* L) {
  const CoreTcp& socket = Check(L);
  const auto backlog = static_cast<int>(
      lua_isnoneornil(L, 2) ? 128 : CheckInteger(L, 2, 0, 65535));
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return PushStatus(L, StartListening(socket.ref(), backlog));
}

// Apart from its caller, which raises. The new socket fills the box on top.
int TakeConnection(lua_State* L, Runtime& runtime, const CoreTcp& listener,
                   Address& peer) {
  OwnedFd fd;
  absl::Status error;
  const IoResult result = TryAccept(listener.ref(), fd, peer, error);
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

// Why there can be no input and output now, or null.
const char* Hindrance(const CoreTcp& socket) {
  if (!socket.is_open()) return "socket is closed";
  return socket.has_tls() && !socket.tls_ready() ? "busy" : nullptr;
}

const char* HowBlocked(const CoreTcp& socket, IoResult result) {
  if (!socket.has_tls()) return "EAGAIN";
  return result.kind == IoResult::Kind::kWantWrite ? "want_write" : "want_read";
}

int Send(lua_State* L) {
  CoreTcp& socket = Check(L);
  const absl::string_view data = CheckString(L, 2);
  const char* const hindrance = Hindrance(socket);
  if (hindrance != nullptr) return PushBlocked(L, hindrance);
  const IoResult result = socket.TryWrite({data.data(), data.size()});
  return PushSent(L, result, socket.stream(), HowBlocked(socket, result));
}

int Recv(lua_State* L) {
  CoreTcp& socket = Check(L);
  const size_t most = CheckMost(L, 2);
  const char* const hindrance = Hindrance(socket);
  if (hindrance != nullptr) return PushBlocked(L, hindrance);
  const absl::Span<char> room = RoomFor(L, most);
  const IoResult result = socket.stream().TryRead(room);
  return PushReceived(L, result, room, socket.stream(),
                      HowBlocked(socket, result));
}

int ShutdownSocket(lua_State* L) {
  static const char* const kNames[] = {"r", "w", "rw", nullptr};
  static const int kHow[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
  CoreTcp& socket = Check(L);
  const int how = kHow[luaL_checkoption(L, 2, "rw", kNames)];
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  if (how != SHUT_RD) socket.SayGoodbye();
  return PushStatus(L, Shutdown(socket.ref(), how));
}

// Apart from its caller, which raises. After a failure no byte goes out in the
// clear.
int BeginTls(lua_State* L, CoreTcp& socket) {
  const absl::StatusOr<TlsPlan> plan = PlanTls(L, 2, socket.ref(), "");
  if (!plan.ok()) {
    socket.Close();
    return PushError(L, plan.status());
  }
  socket.BeginTls(*plan);
  lua_pushboolean(L, true);
  return 1;
}

// starttls_init(config) -> true | nil, err
int StartTlsInit(lua_State* L) {
  CoreTcp& socket = Check(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  CheckTlsTable(L, 2, 2, "");
  const char* const hindrance = Hindrance(socket);
  if (hindrance != nullptr) return PushBlocked(L, hindrance);
  if (socket.has_tls()) return PushBlocked(L, "tls is already on");
  return BeginTls(L, socket);
}

// starttls_step() -> "done" | "want_read" | "want_write" | nil, err
int StartTlsStep(lua_State* L) {
  CoreTcp& socket = Check(L);
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  if (!socket.has_tls()) {
    return luaL_error(L, "socket:starttls_step: call starttls_init first");
  }
  const IoResult result = socket.TryHandshake();
  if (result.failed()) {
    PushError(L, socket.stream().error());
    socket.Close();
    return 2;
  }
  lua_pushstring(L, result.done() ? "done" : HowBlocked(socket, result));
  return 1;
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
                                 {"starttls_init", StartTlsInit},
                                 {"starttls_step", StartTlsStep},
                                 {"fd", GetFd<Check>},
                                 {"close", Close<Check>},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::core_tcp_kind, CoreTcp>},
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
