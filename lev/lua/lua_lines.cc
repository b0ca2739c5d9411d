#include "lev/lua/lua_lines.h"

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_recv.h"
#include "lev/lua/lua_runtime.h"
#include "lev/net/error.h"

namespace lev::lua {
namespace {

// The iterator's upvalues, behind the runtime.
constexpr int kSocket = lua_upvalueindex(2);
constexpr int kTimeout = lua_upvalueindex(3);
constexpr int kToken = lua_upvalueindex(4);
constexpr int kKeep = lua_upvalueindex(5);
constexpr int kMaxSize = lua_upvalueindex(6);

// What stops a for loop is nil, and it would not look at a second value: all
// but the end of the stream is raised.
int Raise(lua_State* L, const absl::Status& error) {
  PushMessage(L, error.message());
  const char* const text = lua_tostring(L, -1);
  return luaL_error(L, "socket:lines: %s", text);
}

LuaStep PushLine(lua_State* L, absl::string_view line) {
  if (!lua_toboolean(L, 4) && !line.empty() && line.back() == '\n') {
    line.remove_suffix(1);
  }
  lua_pushlstring(L, line.data(), line.size());
  return LuaStep::Done(1);
}

// Stack: 1 socket, 2 and 3 the driver's, 4 whether to keep the newline, 5 the
// most bytes.
LuaStep LineStep(lua_State* L, LuaTask&, bool resumed) {
  Connection& connection = LuaConnection::At(L);
  if (connection.ReadBusy(resumed)) Raise(L, BusyError());
  const auto max = static_cast<size_t>(lua_tointeger(L, 5));
  absl::string_view line;
  const Step step = connection.RecvUntil("\n", max, line);
  if (step.blocked()) return LuaStep::Blocked(*step.list, step.ready);
  if (step.done()) return PushLine(L, line);
  const absl::Status& error = connection.error();
  if (error != PeerClosedError()) Raise(L, error);
  const absl::string_view rest = connection.reader().buffered();
  // The last line has no newline.
  if (!rest.empty()) return PushLine(L, connection.reader().Take(rest.size()));
  lua_pushnil(L);
  return LuaStep::Done(1);
}

constexpr Verb kLine = {
    .name = "socket:lines", .wait = 2, .step = LineStep, .raises = true};

int NextLine(lua_State* L) {
  lua_settop(L, 0);
  lua_pushvalue(L, kSocket);
  lua_pushvalue(L, kTimeout);
  lua_pushvalue(L, kToken);
  lua_pushvalue(L, kKeep);
  lua_pushvalue(L, kMaxSize);
  return Drive(L, Runtime::Of(L), kLine);
}

}  // namespace

int Lines(lua_State* L) {
  LuaConnection::Check(L);
  lua_settop(L, 2);
  bool keep = false;
  if (lua_istable(L, 2)) {
    lua_getfield(L, 2, "keep");
    keep = lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  const lua_Integer max_size = CheckMaxSize(L, 2);
  NormalizeWait(L, 2, kNever, {"keep", "max_size"});
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_pushboolean(L, keep);
  lua_pushinteger(L, max_size);
  lua_pushcclosure(L, NextLine, 6);
  return 1;
}

}  // namespace lev::lua
