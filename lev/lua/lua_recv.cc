#include "lev/lua/lua_recv.h"

#include <limits>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"

namespace lev::lua {
namespace {

// Stack of all: 1 socket, 2 how much or until what, 3 and 4 the driver's;
// recv_until: 5 the most bytes.

constexpr lua_Integer kDefaultMaxSize = 1 << 20;
constexpr lua_Integer kMost = std::numeric_limits<int32_t>::max();

Connection& SocketAt1(lua_State* L) {
  return ObjectKind::At<LuaConnection>(L, 1).connection();
}

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
  Connection& connection = SocketAt1(L);
  if (connection.ReadBusy(resumed)) return Failed(L, "busy");
  const auto size = static_cast<size_t>(lua_tointeger(L, 2));
  absl::string_view data;
  const Step step = (connection.*Receive)(size, data);
  return Finish(L, connection, step, data);
}

LuaStep LiteralStep(lua_State* L, LuaTask&, bool resumed) {
  Connection& connection = SocketAt1(L);
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

// A pattern may match only when more has come, so it is tried again on
// everything after each arrival; max_size bounds what that costs.
LuaStep PatternStep(lua_State* L, LuaTask&, bool resumed) {
  Connection& connection = SocketAt1(L);
  if (connection.ReadBusy(resumed)) return Failed(L, "busy");
  const auto max = static_cast<size_t>(lua_tointeger(L, 5));
  bool grown = !resumed;
  for (;;) {
    const size_t end = grown ? FindPattern(L, connection) : 0;
    if (end != 0 && end <= max) {
      return Finish(L, connection, Step::Done(), connection.reader().Take(end));
    }
    if (connection.reader().buffered().size() >= max) {
      return LuaStep::Done(PushError(L, TooLongError(max)));
    }
    const Step step = connection.Fill();
    if (!step.done()) return Finish(L, connection, step, {});
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

// The options of recv_until that are not the driver's.
struct UntilOptions {
  bool plain = false;
  lua_Integer max_size = kDefaultMaxSize;
};

UntilOptions CheckUntilOptions(lua_State* L) {
  UntilOptions options;
  if (!lua_isnoneornil(L, 4)) {
    options.max_size = CheckInteger(L, 4, 1, kMost);
  }
  if (!lua_istable(L, 3)) return options;
  lua_getfield(L, 3, "plain");
  options.plain = lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (lua_getfield(L, 3, "max_size") != LUA_TNIL) {
    const bool valid = lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 &&
                       lua_tointeger(L, -1) <= kMost;
    if (!valid) luaL_argerror(L, 3, "max_size: positive integer expected");
    options.max_size = lua_tointeger(L, -1);
  }
  lua_pop(L, 1);
  return options;
}

// Raises for a pattern that string.find does not understand.
void CheckPattern(lua_State* L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, Runtime::Of(L).string_find_ref);
  lua_pushliteral(L, "");
  lua_pushvalue(L, 2);
  lua_call(L, 2, 0);
}

}  // namespace

int Recv(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  runtime.connection_kind.Check<LuaConnection>(L, 1);
  CheckInteger(L, 2, 1, std::numeric_limits<lua_Integer>::max());
  NormalizeWait(L, 3);
  return Drive(L, runtime, kRecv);
}

int RecvExactly(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  runtime.connection_kind.Check<LuaConnection>(L, 1);
  CheckInteger(L, 2, 1, kMost);
  NormalizeWait(L, 3);
  return Drive(L, runtime, kExactly);
}

int RecvUntil(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  runtime.connection_kind.Check<LuaConnection>(L, 1);
  const absl::string_view pattern = CheckString(L, 2);
  if (pattern.empty()) return luaL_argerror(L, 2, "must not be empty");
  const UntilOptions options = CheckUntilOptions(L);
  NormalizeWait(L, 3, kNever, {"plain", "max_size"});
  lua_pushinteger(L, options.max_size);
  if (options.plain || IsLiteral(pattern)) return Drive(L, runtime, kLiteral);
  CheckPattern(L);
  return Drive(L, runtime, kPattern);
}

}  // namespace lev::lua
