#include "lev/lua/lua_send.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_fds.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"
#include "lev/net/owned_fd.h"
#include "lev/net/socket_calls.h"
#include "lev/net/unix_socket.h"

namespace lev::lua {
namespace {

// Stack of all: 1 socket, 2 what to send, 3 and 4 the driver's, 5 how much has
// gone; sendfile: 6 offset, 7 count; send_fds: 6 the list of descriptors. Both:
// kHeld nil, and once it has begun what holds the descriptors meanwhile.
constexpr int kHeld = 8;

constexpr size_t kNotFound = absl::string_view::npos;

int EndSend(lua_State* L, LuaTask& task) {
  LuaConnection::At(L).EndSend(task.call());
  lua_pushvalue(L, 5);
  return 1;
}

// Its turn may have come in a choice that took another.
int GiveUpSend(lua_State* L, LuaTask& task) {
  LuaConnection::At(L).LoseSender(task.call());
  lua_pushvalue(L, 5);
  return 1;
}

// What all steps end with.
LuaStep Finish(lua_State* L, LuaTask& task, Step step, uint64_t sent) {
  lua_pushinteger(L, static_cast<lua_Integer>(sent));
  lua_replace(L, 5);
  if (step.blocked()) return LuaStep::Blocked(*step.list, step.ready);
  if (step.done()) return LuaStep::Done(EndSend(L, task));
  lua_pushnil(L);
  PushMessage(L, LuaConnection::At(L).error().message());
  return LuaStep::Done(2 + EndSend(L, task));
}

absl::string_view Data(lua_State* L) {
  size_t size;
  const char* const data = lua_tolstring(L, 2, &size);
  return {data, size};
}

LuaStep SendStep(lua_State* L, LuaTask& task, bool resumed) {
  auto sent = static_cast<size_t>(lua_tointeger(L, 5));
  const Step step =
      LuaConnection::At(L).Send(task.call(), resumed, Data(L), sent);
  return Finish(L, task, step, sent);
}

constexpr Verb kSend = {
    .name = "socket:send", .wait = 3, .step = SendStep, .give_up = GiveUpSend};

// A table of strings becomes one: a copy costs less than a system call for
// each, and what the table's owner does to it meanwhile does not matter.
void JoinPieces(lua_State* L) {
  const lua_Integer count = luaL_len(L, 2);
  luaL_Buffer all;
  luaL_buffinit(L, &all);
  for (lua_Integer i = 1; i <= count; ++i) {
    const int type = lua_geti(L, 2, i);
    if (type != LUA_TSTRING && type != LUA_TNUMBER) {
      luaL_argerror(L, 2,
                    lua_pushfstring(L, "string expected at index %I, got %s", i,
                                    lua_typename(L, type)));
    }
    luaL_addvalue(&all);
  }
  luaL_pushresult(&all);
  lua_replace(L, 2);
}

// Whether the file can be sent, and how large it is.
absl::StatusOr<lua_Integer> SizeOf(FdRef fd) {
  if (&fd.calls() != &KernelSockets())
    return InvalidError("not a regular file");
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return ErrnoError(errno);
  if (!S_ISREG(info.st_mode)) return InvalidError("not a regular file");
  return static_cast<lua_Integer>(info.st_size);
}

// Opens the file `path`, or makes a copy of the descriptor `given`.
absl::Status OpenFile(const char* path, FdRef given, LuaFds& file,
                      lua_Integer& size) {
  OwnedFd fd =
      path != nullptr
          ? OwnedFd(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
          : OwnedFd(given.calls().Duplicate(given.get()), given.calls());
  if (!fd.valid()) return ErrnoError(errno);
  const absl::StatusOr<lua_Integer> found = SizeOf(fd.ref());
  if (!found.ok()) return found.status();
  size = *found;
  file.fds().push_back(std::move(fd));
  return absl::OkStatus();
}

bool TryOpenFile(lua_State* L, const char* path, FdRef given, LuaFds& file,
                 lua_Integer& size) {
  const absl::Status opened = OpenFile(path, given, file, size);
  if (!opened.ok()) PushError(L, opened);
  return opened.ok();
}

// Opens what is to be sent, and puts it at kHeld. False, with nil and an error
// pushed, if that fails.
bool BeginSendFile(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  LuaFds& file = LuaFds::Push(L, runtime);
  lua_replace(L, kHeld);
  const bool named = lua_type(L, 2) == LUA_TSTRING;
  const int given = named ? -1 : ToFd(L, 2);
  lua_Integer size = 0;
  if (!TryOpenFile(L, named ? lua_tostring(L, 2) : nullptr,
                   runtime.sockets().Locate(given), file, size)) {
    return false;
  }
  const lua_Integer offset = lua_tointeger(L, 6);
  const lua_Integer there = offset < size ? size - offset : 0;
  lua_pushinteger(L, std::min(lua_tointeger(L, 7), there));
  lua_replace(L, 7);
  return true;
}

LuaStep SendFileStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed && !BeginSendFile(L)) return LuaStep::Done(2);
  auto sent = static_cast<uint64_t>(lua_tointeger(L, 5));
  const auto offset = static_cast<uint64_t>(lua_tointeger(L, 6));
  const auto count = static_cast<uint64_t>(lua_tointeger(L, 7));
  LuaFds& file = ObjectKind::At<LuaFds>(L, kHeld);
  // Empty: the run has ended, and so will this.
  if (file.fds().empty()) return Failed(L, "socket is closed");
  const Step step = LuaConnection::At(L).SendFile(
      task.call(), resumed, file.fds()[0].get(), offset, count, sent);
  const LuaStep result = Finish(L, task, step, sent);
  if (!result.blocked) file.fds().clear();
  return result;
}

int GiveUpSendHeld(lua_State* L, LuaTask& task) {
  if (!lua_isnil(L, kHeld)) ObjectKind::At<LuaFds>(L, kHeld).fds().clear();
  return GiveUpSend(L, task);
}

constexpr Verb kSendFile = {.name = "socket:sendfile",
                            .wait = 3,
                            .step = SendFileStep,
                            .give_up = GiveUpSendHeld};

// The option `name` of the table at 3, pushed: an integer, or `otherwise`.
void PushIntegerOption(lua_State* L, const char* name, lua_Integer otherwise) {
  if (!lua_istable(L, 3)) {
    lua_pushinteger(L, otherwise);
  } else if (lua_getfield(L, 3, name) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_pushinteger(L, otherwise);
  } else if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0) {
    luaL_argerror(L, 3,
                  lua_pushfstring(L, "%s: integer from 0 on expected", name));
  }
}

// Copies: their owner may close them while this waits for its turn.
bool AddCopy(lua_State* L, LuaFds& copies, FdRef fd) {
  OwnedFd copy(fd.calls().Duplicate(fd.get()), fd.calls());
  const bool copied = copy.valid();
  if (copied) {
    copies.fds().push_back(std::move(copy));
  } else {
    PushError(L, ErrnoError(errno));
  }
  return copied;
}

// The descriptor at `index` of the list at `list`, the argument 3.
int CheckFd(lua_State* L, int list, lua_Integer index) {
  lua_geti(L, list, index);
  const int fd = ToFd(L, lua_gettop(L));
  if (fd < 0) {
    luaL_argerror(
        L, 3,
        lua_pushfstring(L, "open descriptor expected at index %I", index));
  }
  lua_pop(L, 1);
  return fd;
}

lua_Integer CheckFds(lua_State* L, int list) {
  const lua_Integer count = luaL_len(L, list);
  if (count > static_cast<lua_Integer>(kMostFdsPerMessage)) {
    luaL_argerror(L, 3, "more than 253 descriptors");
  }
  for (lua_Integer i = 1; i <= count; ++i) CheckFd(L, list, i);
  return count;
}

// False, with nil and an error pushed, if the system has no more.
bool BeginSendFds(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  LuaFds& copies = LuaFds::Push(L, runtime);
  lua_replace(L, kHeld);
  const lua_Integer count = CheckFds(L, 6);
  for (lua_Integer i = 1; i <= count; ++i) {
    const int fd = CheckFd(L, 6, i);
    if (AddCopy(L, copies, runtime.sockets().Locate(fd))) continue;
    copies.fds().clear();
    return false;
  }
  return true;
}

LuaStep SendFdsStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed && !BeginSendFds(L)) return LuaStep::Done(2);
  auto sent = static_cast<size_t>(lua_tointeger(L, 5));
  LuaFds& copies = ObjectKind::At<LuaFds>(L, kHeld);
  int numbers[kMostFdsPerMessage];
  const size_t count = copies.fds().size();
  for (size_t i = 0; i < count; ++i) numbers[i] = copies.fds()[i].get();
  const Step step = LuaConnection::At(L).SendFds(
      task.call(), resumed, Data(L), absl::MakeSpan(numbers, count), sent);
  const LuaStep result = Finish(L, task, step, sent);
  if (!result.blocked) copies.fds().clear();
  return result;
}

constexpr Verb kSendFds = {.name = "socket:send_fds",
                           .wait = 3,
                           .step = SendFdsStep,
                           .give_up = GiveUpSendHeld};

}  // namespace

int Send(lua_State* L) {
  LuaConnection::Check(L);
  if (!lua_istable(L, 2)) {
    luaL_argexpected(L, lua_type(L, 2) == LUA_TSTRING, 2, "string or table");
  }
  NormalizeWait(L, 3, kSendTimeout);
  if (lua_istable(L, 2)) JoinPieces(L);
  lua_pushinteger(L, 0);
  return Drive(L, Runtime::Of(L), kSend);
}

int SendFile(lua_State* L) {
  LuaConnection::Check(L);
  const bool named = lua_type(L, 2) == LUA_TSTRING;
  const int given = named ? -1 : ToFd(L, 2);
  luaL_argexpected(L, named || given >= 0, 2, "path or open file");
  luaL_argcheck(L, !named || CheckString(L, 2).find('\0') == kNotFound, 2,
                "the path contains a NUL byte");
  lua_settop(L, 3);
  PushIntegerOption(L, "offset", 0);
  PushIntegerOption(L, "count", std::numeric_limits<lua_Integer>::max());
  const lua_Integer offset = lua_tointeger(L, -2);
  const lua_Integer most = lua_tointeger(L, -1);
  NormalizeWait(L, 3, kSendTimeout, {"offset", "count"});
  lua_pushinteger(L, 0);
  lua_pushinteger(L, offset);
  lua_pushinteger(L, most);
  lua_pushnil(L);
  return Drive(L, Runtime::Of(L), kSendFile);
}

int SendFds(lua_State* L) {
  const Connection& connection = LuaConnection::Check(L);
  luaL_argcheck(L, !CheckString(L, 2).empty(), 2,
                "must not be empty: descriptors travel with data");
  luaL_checktype(L, 3, LUA_TTABLE);
  // Others would take the bytes and drop the descriptors; TLS would be passed
  // by.
  if (!connection.passes_fds()) {
    return luaL_error(L,
                      "socket:send_fds: only UNIX sockets without TLS pass "
                      "descriptors");
  }
  NormalizeWait(L, 4, kSendTimeout);
  CheckFds(L, 3);
  lua_pushinteger(L, 0);
  lua_pushvalue(L, 3);
  lua_remove(L, 3);
  lua_pushnil(L);
  lua_pushnil(L);
  return Drive(L, Runtime::Of(L), kSendFds);
}

}  // namespace lev::lua
