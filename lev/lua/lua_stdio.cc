#include "lev/lua/lua_stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_file.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"
#include "lev/net/owned_fd.h"

namespace lev::lua {
namespace {

// Their names, and by their addresses the keys of the objects in the registry.
const char* const kNames[] = {"stdin", "stdout", "stderr"};

OwnedFd Duplicate(int number) {
  constexpr int kFirst = STDERR_FILENO + 1;
  return OwnedFd(fcntl(number, F_DUPFD_CLOEXEC, kFirst));
}

// Another open file of the same pipe or terminal; invalid if it is not allowed.
OwnedFd OpenAnew(int number) {
  const std::string path = absl::StrCat("/proc/self/fd/", number);
  const int way = number == STDIN_FILENO ? O_RDONLY : O_WRONLY;
  return OwnedFd(open(path.c_str(), way | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

absl::Status FillWithFile(lua_State* L, Runtime& runtime, int number) {
  const absl::Status prepared = runtime.files->Prepare();
  if (!prepared.ok()) return prepared;
  OwnedFd fd = Duplicate(number);
  if (!fd.valid()) return ErrnoError(errno);
  auto* const object = new LuaFile(runtime, kNames[number]);
  runtime.file_kind.Fill(L, object);
  object->file().Adopt(std::move(fd), number == STDIN_FILENO);
  return absl::OkStatus();
}

// For the box on top of the stack.
absl::Status Fill(lua_State* L, Runtime& runtime, int number) {
  struct stat info;
  if (fstat(number, &info) != 0) return ErrnoError(errno);
  if (S_ISREG(info.st_mode) || S_ISBLK(info.st_mode)) {
    return FillWithFile(L, runtime, number);
  }
  // Was closed, and the number is now that of something of our own.
  if (!S_ISFIFO(info.st_mode) && !S_ISCHR(info.st_mode) &&
      !S_ISSOCK(info.st_mode)) {
    return ErrnoError(EBADF);
  }
  using Kind = LuaConnection::Kind;
  Kind kind = Kind::kPipe;
  OwnedFd fd;
  if (!S_ISSOCK(info.st_mode)) fd = OpenAnew(number);
  if (!fd.valid()) {
    kind = Kind::kShared;
    fd = Duplicate(number);
  }
  if (!fd.valid()) return ErrnoError(errno);
  LuaConnection::Fill(L, runtime, std::move(fd), kind);
  return absl::OkStatus();
}

// Apart from its caller, which raises.
bool TryFill(lua_State* L, Runtime& runtime, int number) {
  const absl::Status status = Fill(L, runtime, number);
  if (!status.ok()) PushError(L, status);
  return status.ok();
}

// Whether the object on top of the stack is there, and open.
bool IsOpen(lua_State* L, Runtime& runtime) {
  auto* const socket = runtime.connection_kind.Test<LuaConnection>(L, -1);
  if (socket != nullptr) return socket->connection().is_open();
  auto* const file = runtime.file_kind.Test<LuaFile>(L, -1);
  return file != nullptr && file->file().is_open();
}

template <int number>
int StandardStream(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  static const char* const kVerbs[] = {"lev.stdin", "lev.stdout", "lev.stderr"};
  runtime.CheckRunning(L, kVerbs[number]);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kNames[number]);
  if (IsOpen(L, runtime)) return 1;
  ObjectKind::PushBox(L, 0);
  if (!TryFill(L, runtime, number)) return 2;
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kNames[number]);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"stdin", StandardStream<STDIN_FILENO>},
                                   {"stdout", StandardStream<STDOUT_FILENO>},
                                   {"stderr", StandardStream<STDERR_FILENO>},
                                   {nullptr, nullptr}};

}  // namespace

void OpenStdio(lua_State* L, Runtime&) { AddFunctions(L, kFunctions); }

}  // namespace lev::lua
