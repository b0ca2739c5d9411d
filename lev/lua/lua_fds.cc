#include "lev/lua/lua_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <limits>

#include "absl/strings/numbers.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_datagram.h"
#include "lev/lua/lua_listener.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"
#include "lev/net/socket_calls.h"

namespace lev::lua {
namespace {

enum class FdKind {
  kStream,
  kUnixStream,
  kListener,
  kDatagram,
  kUnixDatagram,
  kPipe
};

// Negative, with errno, if it is no socket.
int SocketNumber(FdRef fd, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  return fd.calls().GetOption(fd.get(), SOL_SOCKET, option, &value, &size) == 0
             ? value
             : -1;
}

absl::StatusOr<FdKind> KindOf(FdRef fd) {
  const int type = SocketNumber(fd, SO_TYPE);
  // Pipes and terminals, but also files, which are always ready.
  if (type < 0 && errno == ENOTSOCK) return FdKind::kPipe;
  if (type < 0) return ErrnoError(errno);
  if (SocketNumber(fd, SO_ACCEPTCONN) == 1) return FdKind::kListener;
  const bool is_unix = SocketNumber(fd, SO_DOMAIN) == AF_UNIX;
  if (type == SOCK_DGRAM) {
    return is_unix ? FdKind::kUnixDatagram : FdKind::kDatagram;
  }
  return is_unix ? FdKind::kUnixStream : FdKind::kStream;
}

// As all of lev's descriptors are; those in memory are born so.
absl::Status Prepare(FdRef fd) {
  if (&fd.calls() != &KernelSockets()) return absl::OkStatus();
  const int flags = fcntl(fd.get(), F_GETFL);
  if (flags < 0 || fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) {
    return ErrnoError(errno);
  }
  return absl::OkStatus();
}

// Apart from its caller, which raises. Negative, with nil and an error pushed,
// if it cannot be adopted.
int Classify(lua_State* L, FdRef fd) {
  const absl::StatusOr<FdKind> kind = KindOf(fd);
  const absl::Status status = kind.ok() ? Prepare(fd) : kind.status();
  if (status.ok()) return static_cast<int>(*kind);
  PushError(L, status);
  return -1;
}

int Adopt(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const auto fd =
      static_cast<int>(CheckInteger(L, 1, 0, std::numeric_limits<int>::max()));
  runtime.CheckRunning(L, "lev.adopt");
  LuaFds& fds = LuaFds::Push(L, runtime);
  fds.fds().emplace_back(fd, runtime.sockets().Locate(fd).calls());
  if (PushAdopted(L, runtime, fds, 0)) return 1;
  // Not ours after all.
  static_cast<void>(fds.fds()[0].Release());
  return 2;
}

// How many descriptors the service manager has left, from 3 on (systemd's
// sd_listen_fds); read once, for the children are not meant.
int TakeListenFds() {
  const char* const pid_text = getenv("LISTEN_PID");
  const char* const count_text = getenv("LISTEN_FDS");
  int pid = 0;
  int count = 0;
  const bool ours = pid_text != nullptr && count_text != nullptr &&
                    absl::SimpleAtoi(pid_text, &pid) && pid == getpid() &&
                    absl::SimpleAtoi(count_text, &count);
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  return ours && count > 0 && count < 10000 ? count : 0;
}

constexpr int kFirstListenFd = 3;

// Apart from its caller, which raises.
void TakeInherited(LuaFds& fds, int count) {
  for (int i = 0; i < count; ++i) fds.fds().emplace_back(kFirstListenFd + i);
}

int ListenFds(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  lua_settop(L, 0);
  runtime.CheckRunning(L, "lev.listen_fds");
  lua_newtable(L);
  LuaFds& fds = LuaFds::Push(L, runtime);
  const char* const names = getenv("LISTEN_FDNAMES");
  lua_pushstring(L, names != nullptr ? names : "");
  const int count = TakeListenFds();
  TakeInherited(fds, count);
  for (int i = 0; i < count; ++i) {
    if (!PushAdopted(L, runtime, fds, i)) return 2;
    lua_rawseti(L, 1, i + 1);
  }
  unsetenv("LISTEN_FDNAMES");
  lua_remove(L, 2);
  return 2;
}

// Apart from its caller, which raises.
absl::Status OpenPipe(LuaFds& fds, SocketCalls& calls) {
  int ends[2];
  if (calls.Pipe(ends) != 0) return ErrnoError(errno);
  fds.fds().emplace_back(ends[0], calls);
  fds.fds().emplace_back(ends[1], calls);
  return absl::OkStatus();
}

bool MakePipe(lua_State* L, Runtime& runtime, LuaFds& fds) {
  const absl::Status opened = OpenPipe(fds, runtime.sockets());
  if (!opened.ok()) PushError(L, opened);
  return opened.ok();
}

void PushPipeEnd(lua_State* L, Runtime& runtime, LuaFds& fds, size_t number) {
  ObjectKind::PushBox(L, 0);
  LuaConnection::Fill(L, runtime, std::move(fds.fds()[number]),
                      FdStream::Kind::kPipe);
}

int Pipe(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  runtime.CheckRunning(L, "lev.pipe");
  LuaFds& fds = LuaFds::Push(L, runtime);
  if (!MakePipe(L, runtime, fds)) return 2;
  PushPipeEnd(L, runtime, fds, 0);
  PushPipeEnd(L, runtime, fds, 1);
  return 2;
}

// Negative if it can be no descriptor.
int NumberOf(lua_Integer fd) {
  return fd >= 0 && fd <= std::numeric_limits<int>::max() ? static_cast<int>(fd)
                                                          : -1;
}

constexpr luaL_Reg kNone[] = {{nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__gc", Collect<&Runtime::fds_kind, LuaFds>},
                              {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"adopt", Adopt},
                                   {"listen_fds", ListenFds},
                                   {"pipe", Pipe},
                                   {nullptr, nullptr}};

}  // namespace

LuaFds::LuaFds(Runtime& runtime) { runtime.Own(*this); }

LuaFds& LuaFds::Push(lua_State* L, Runtime& runtime) {
  ObjectKind::PushBox(L, 0);
  auto* const fds = new LuaFds(runtime);
  runtime.fds_kind.Fill(L, fds);
  return *fds;
}

int ToFd(lua_State* L, int index) {
  if (lua_isinteger(L, index)) return NumberOf(lua_tointeger(L, index));
  const auto* const file =
      static_cast<luaL_Stream*>(luaL_testudata(L, index, LUA_FILEHANDLE));
  if (file != nullptr) return file->closef == nullptr ? -1 : fileno(file->f);
  if (!lua_isuserdata(L, index) && !lua_istable(L, index)) return -1;
  if (luaL_getmetafield(L, index, "__index") == LUA_TNIL) return -1;
  lua_pop(L, 1);
  if (lua_getfield(L, index, "fd") != LUA_TFUNCTION) {
    lua_pop(L, 1);
    return -1;
  }
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  const int fd = lua_isinteger(L, -1) ? NumberOf(lua_tointeger(L, -1)) : -1;
  lua_pop(L, 1);
  return fd;
}

bool PushAdopted(lua_State* L, Runtime& runtime, LuaFds& fds, size_t number) {
  const int kind = Classify(L, fds.fds()[number].ref());
  if (kind < 0) return false;
  ObjectKind::PushBox(L, 0);
  OwnedFd& fd = fds.fds()[number];
  switch (static_cast<FdKind>(kind)) {
    case FdKind::kStream:
      LuaConnection::Fill(L, runtime, std::move(fd));
      break;
    case FdKind::kUnixStream:
      LuaConnection::Fill(L, runtime, std::move(fd),
                          FdStream::Kind::kUnixSocket);
      break;
    case FdKind::kPipe:
      LuaConnection::Fill(L, runtime, std::move(fd), FdStream::Kind::kPipe);
      break;
    case FdKind::kListener:
      FillListener(L, runtime, std::move(fd));
      break;
    case FdKind::kDatagram:
      LuaDatagram::Fill(L, runtime.udp_kind, runtime, std::move(fd));
      break;
    case FdKind::kUnixDatagram:
      LuaDatagram::Fill(L, runtime.unix_dgram_kind, runtime, std::move(fd));
      break;
  }
  return true;
}

void OpenFds(lua_State* L, Runtime& runtime) {
  runtime.fds_kind.Register(L, "lev.descriptors", kNone, kMeta);
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
