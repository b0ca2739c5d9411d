#include "lev/lua/lua_recv.h"

#include <limits>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_fds.h"
#include "lev/lua/lua_pattern.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"

namespace lev::lua {
namespace {

// Stack of all: 1 socket, 2 how much or until what, 3 and 4 the driver's;
// recv_until: 5 the most bytes.

constexpr lua_Integer kDefaultMaxSize = 1 << 20;
constexpr lua_Integer kMost = std::numeric_limits<int32_t>::max();

LuaStep Finish(lua_State* L, const Connection& connection, Step step,
               absl::string_view data) {
  if (step.blocked()) return LuaStep::Blocked(*step.list, step.ready);
  if (step.failed()) return LuaStep::Done(PushError(L, connection.error()));
  lua_pushlstring(L, data.data(), data.size());
  return LuaStep::Done(1);
}

// recv and recv_exactly.
template <Step (Connection::*Receive)(size_t, absl::string_view&)>
LuaStep SizedStep(lua_State* L, LuaTask&, bool resumed) {
  Connection& connection = LuaConnection::At(L);
  if (connection.ReadBusy(resumed)) return Failed(L, "busy");
  const auto size = static_cast<size_t>(lua_tointeger(L, 2));
  absl::string_view data;
  const Step step = (connection.*Receive)(size, data);
  return Finish(L, connection, step, data);
}

LuaStep LiteralStep(lua_State* L, LuaTask&, bool resumed) {
  Connection& connection = LuaConnection::At(L);
  if (connection.ReadBusy(resumed)) return Failed(L, "busy");
  size_t size;
  const char* const delimiter = lua_tolstring(L, 2, &size);
  const auto max = static_cast<size_t>(lua_tointeger(L, 5));
  absl::string_view data;
  const Step step = connection.RecvUntil({delimiter, size}, max, data);
  return Finish(L, connection, step, data);
}

// The end of the first match of the pattern in what is buffered; 0 if none.
// Raises what string.find raises.
size_t FindPattern(lua_State* L, Connection& connection) {
  const absl::string_view all = connection.reader().buffered();
  lua_rawgeti(L, LUA_REGISTRYINDEX, Runtime::Of(L).string_find_ref);
  lua_pushlstring(L, all.data(), all.size());
  lua_pushvalue(L, 2);
  lua_call(L, 2, 2);
  const auto end = static_cast<size_t>(lua_tointeger(L, -1));
  const bool found = !lua_isnil(L, -2);
  lua_pop(L, 2);
  return found ? end : 0;
}

// What is still buffered goes with the socket.
LuaStep SocketClosed(lua_State* L) {
  return LuaStep::Done(PushError(L, SocketClosedError()));
}

// More has come, but not enough, and this step has done much already.
LuaStep Pause(lua_State* L, Connection& connection) {
  return Finish(L, connection, connection.ToStep(IoResult::Paused()), {});
}

// A pattern may match only when more has come, so it is tried again on
// everything after each arrival; max_size bounds what that costs.
LuaStep PatternStep(lua_State* L, LuaTask&, bool resumed) {
  Connection& connection = LuaConnection::At(L);
  if (!connection.is_open()) return SocketClosed(L);
  if (connection.ReadBusy(resumed)) return Failed(L, "busy");
  const auto max = static_cast<size_t>(lua_tointeger(L, 5));
  bool grown = !resumed;
  size_t searched = 0;
  for (;;) {
    const size_t end = grown ? FindPattern(L, connection) : 0;
    if (end != 0 && end <= max) {
      return Finish(L, connection, Step::Done(), connection.reader().Take(end));
    }
    if (connection.reader().buffered().size() >= max) {
      return LuaStep::Done(PushError(L, TooLongError(max)));
    }
    if (searched >= kMostPerStep) return Pause(L, connection);
    const Step step = connection.Fill();
    if (!step.done()) return Finish(L, connection, step, {});
    searched += connection.reader().buffered().size();
    grown = true;
  }
}

constexpr Verb kRecv = {
    .name = "socket:recv", .wait = 3, .step = SizedStep<&Connection::RecvSome>};
constexpr Verb kExactly = {.name = "socket:recv_exactly",
                           .wait = 3,
                           .step = SizedStep<&Connection::RecvExactly>};
constexpr Verb kLiteral = {
    .name = "socket:recv_until", .wait = 3, .step = LiteralStep};
constexpr Verb kPattern = {
    .name = "socket:recv_until", .wait = 3, .step = PatternStep};

bool IsLiteral(absl::string_view pattern) {
  return pattern.find_first_of("^$*+?.([%-") == absl::string_view::npos;
}

// Raises for a pattern that string.find does not understand, or would not once
// it gets that far; and for one that the empty string matches: what that
// returns would depend on how the network has cut the bytes.
void CheckPattern(lua_State* L, absl::string_view pattern) {
  const char* const fault = FindPatternFault(pattern);
  if (fault != nullptr) luaL_argerror(L, 2, fault);
  lua_rawgeti(L, LUA_REGISTRYINDEX, Runtime::Of(L).string_find_ref);
  lua_pushliteral(L, "");
  lua_pushvalue(L, 2);
  lua_call(L, 2, 1);
  if (!lua_isnil(L, -1)) {
    luaL_argerror(L, 2, "the pattern matches the empty string");
  }
  lua_pop(L, 1);
}

// socket:peek: what is there stays there.
LuaStep PeekStep(lua_State* L, LuaTask&, bool resumed) {
  Connection& connection = LuaConnection::At(L);
  if (!connection.is_open()) return SocketClosed(L);
  if (connection.ReadBusy(resumed)) return Failed(L, "busy");
  const auto size = static_cast<size_t>(lua_tointeger(L, 2));
  const size_t before = connection.reader().buffered().size();
  while (connection.reader().buffered().size() < size) {
    const size_t moved = connection.reader().buffered().size() - before;
    if (moved >= kMostPerStep) return Pause(L, connection);
    const Step step = connection.Fill();
    if (!step.done()) return Finish(L, connection, step, {});
  }
  return Finish(L, connection, Step::Done(),
                connection.reader().buffered().substr(0, size));
}

constexpr Verb kPeek = {.name = "socket:peek", .wait = 3, .step = PeekStep};

// socket:recv_fds: then 5, the holder of what came along.

// Apart from its caller, which raises. Whether some were lost.
bool TakeFds(Connection& connection, LuaFds& fds) {
  bool lost = false;
  fds.fds() = connection.descriptor().TakeFds(lost);
  return lost;
}

LuaStep RecvFdsStep(lua_State* L, LuaTask& task, bool resumed) {
  Runtime& runtime = Runtime::Of(L);
  if (!resumed) LuaFds::Push(L, runtime);
  const LuaStep received = SizedStep<&Connection::RecvSome>(L, task, resumed);
  if (received.blocked || lua_isnil(L, -received.results)) return received;
  LuaFds& fds = ObjectKind::At<LuaFds>(L, 5);
  const bool lost = TakeFds(LuaConnection::At(L), fds);
  lua_createtable(L, static_cast<int>(fds.fds().size()), 0);
  for (size_t i = 0; i < fds.fds().size(); ++i) {
    if (!PushAdopted(L, runtime, fds, i)) return LuaStep::Done(2);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
  }
  if (!lost) return LuaStep::Done(2);
  lua_pushliteral(L, "truncated");
  return LuaStep::Done(3);
}

constexpr Verb kRecvFds = {
    .name = "socket:recv_fds", .wait = 3, .step = RecvFdsStep};

}  // namespace

int Recv(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  LuaConnection::Check(L);
  CheckInteger(L, 2, 1, std::numeric_limits<lua_Integer>::max());
  NormalizeWait(L, 3);
  return Drive(L, runtime, kRecv);
}

int RecvExactly(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  LuaConnection::Check(L);
  CheckInteger(L, 2, 1, kMost);
  NormalizeWait(L, 3);
  return Drive(L, runtime, kExactly);
}

int RecvUntil(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  LuaConnection::Check(L);
  const absl::string_view pattern = CheckString(L, 2);
  if (pattern.empty()) return luaL_argerror(L, 2, "must not be empty");
  lua_Integer max_size = CheckMaxSize(L, 3);
  if (!lua_isnoneornil(L, 4)) max_size = CheckInteger(L, 4, 1, kMost);
  bool plain = IsLiteral(pattern);
  if (lua_istable(L, 3)) {
    lua_getfield(L, 3, "plain");
    plain = plain || lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  NormalizeWait(L, 3, kNever, {"plain", "max_size"});
  lua_pushinteger(L, max_size);
  if (plain) return Drive(L, runtime, kLiteral);
  CheckPattern(L, pattern);
  return Drive(L, runtime, kPattern);
}

int RecvFds(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const Connection& connection = LuaConnection::Check(L);
  CheckInteger(L, 2, 1, std::numeric_limits<lua_Integer>::max());
  NormalizeWait(L, 3);
  // Read without them, they would be gone for good.
  if (!connection.keeps_fds()) {
    return luaL_error(L,
                      "socket:recv_fds: descriptors are kept only by sockets "
                      "made with pass_fds = true");
  }
  return Drive(L, runtime, kRecvFds);
}

int Peek(lua_State* L) {
  LuaConnection::Check(L);
  CheckInteger(L, 2, 1, kMost);
  NormalizeWait(L, 3);
  return Drive(L, Runtime::Of(L), kPeek);
}

int Unread(lua_State* L) {
  Connection& connection = LuaConnection::Check(L);
  const absl::string_view data = CheckString(L, 2);
  if (!connection.is_open()) return PushError(L, SocketClosedError());
  if (connection.ReadBusy(false)) return PushError(L, BusyError());
  if (!data.empty()) connection.reader().Unread(data);
  lua_pushboolean(L, true);
  return 1;
}

lua_Integer CheckMaxSize(lua_State* L, int index) {
  lua_Integer max_size = kDefaultMaxSize;
  if (!lua_istable(L, index)) return max_size;
  if (lua_getfield(L, index, "max_size") != LUA_TNIL) {
    const bool valid = lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 &&
                       lua_tointeger(L, -1) <= kMost;
    if (!valid) luaL_argerror(L, index, "max_size: positive integer expected");
    max_size = lua_tointeger(L, -1);
  }
  lua_pop(L, 1);
  return max_size;
}

}  // namespace lev::lua
