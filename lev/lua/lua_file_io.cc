// What moves the bytes of files: read, lines, write.

#include <limits>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_file.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {
namespace {

// file:read: 1 file, 2 what, 3 and 4 the driver's.

constexpr size_t kSome = 64 * 1024;

File& At(lua_State* L) { return ObjectKind::At<LuaFile>(L, 1).file(); }

// What the user has written as "a", "l" or "L", or with an asterisk as of old;
// otherwise '\0'.
char FormatAt(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TSTRING) return '\0';
  size_t size;
  const char* format = lua_tolstring(L, index, &size);
  if (size == 2 && format[0] == '*') ++format, --size;
  const bool known =
      size == 1 && (*format == 'a' || *format == 'l' || *format == 'L');
  return known ? *format : '\0';
}

void CheckFormat(lua_State* L, int argument) {
  if (lua_isnoneornil(L, argument)) return;
  if (lua_type(L, argument) == LUA_TNUMBER) {
    CheckInteger(L, argument, 0, std::numeric_limits<lua_Integer>::max());
  } else if (FormatAt(L, argument) == '\0') {
    luaL_argerror(L, argument, "number, 'a', 'l' or 'L' expected");
  }
}

// What a read has come to. `nothing`: the end of the file, without a byte.
struct Piece {
  absl::string_view data;
  bool nothing = false;
};

Step TryRead(lua_State* L, File& file, Piece& piece) {
  const char format = FormatAt(L, 2);
  const auto size = static_cast<size_t>(lua_tointeger(L, 2));
  if (format == 'a') return file.ReadAll(piece.data);
  if (lua_isinteger(L, 2) && size == 0) return file.FindEnd(piece.nothing);
  Step step;
  if (format != '\0') {
    step = file.ReadLine(piece.data);
  } else if (lua_isnil(L, 2)) {
    step = file.ReadSome(kSome, piece.data);
  } else {
    step = file.ReadExactly(size, piece.data);
  }
  piece.nothing = piece.data.empty();
  const bool line = format == 'l' && !piece.nothing;
  if (line && piece.data.back() == '\n') piece.data.remove_suffix(1);
  return step;
}

LuaStep ReadStep(lua_State* L, LuaTask& task, bool resumed) {
  Piece piece;
  const LuaStep step = TryInTurn(L, At(L), task, resumed,
                                 [&] { return TryRead(L, At(L), piece); });
  if (step.blocked || step.results != 0) return step;
  if (piece.nothing) {
    lua_pushnil(L);
  } else {
    lua_pushlstring(L, piece.data.data(), piece.data.size());
  }
  return LuaStep::Done(1);
}

constexpr Verb kRead = {
    .name = "file:read", .wait = 3, .step = ReadStep, .give_up = LeaveFile};

// file:lines: as a read, but a for loop would not look at a second value: all
// but the end of the file is raised.
LuaStep LineStep(lua_State* L, LuaTask& task, bool resumed) {
  const LuaStep step = ReadStep(L, task, resumed);
  if (step.blocked || step.results == 1) return step;
  luaL_error(L, "file:lines: %s", lua_tostring(L, 1 - step.results));
  return step;
}

constexpr Verb kLine = {.name = "file:lines",
                        .wait = 3,
                        .step = LineStep,
                        .give_up = LeaveFile,
                        .raises = true};

int NextLine(lua_State* L) {
  lua_settop(L, 0);
  for (int i = 2; i <= 5; ++i) lua_pushvalue(L, lua_upvalueindex(i));
  return Drive(L, Runtime::Of(L), kLine);
}

// file:write: 1 file, 2 data, 3 and 4 the driver's, 5 how much is written, or
// will be.

int GiveUpWrite(lua_State* L, LuaTask& task) {
  LeaveFile(L, task);
  lua_pushvalue(L, 5);
  return 1;
}

LuaStep WriteStep(lua_State* L, LuaTask& task, bool resumed) {
  size_t size;
  const char* const data = lua_tolstring(L, 2, &size);
  auto sent = static_cast<size_t>(lua_tointeger(L, 5));
  const LuaStep step = TryInTurn(L, At(L), task, resumed, [&] {
    return At(L).Write({data, size}, sent);
  });
  lua_pushinteger(L, static_cast<lua_Integer>(sent));
  lua_copy(L, -1, 5);
  if (step.blocked) {
    lua_pop(L, 1);
    return step;
  }
  if (step.results != 0) return LuaStep::Done(step.results + 1);
  lua_pushvalue(L, 1);
  return LuaStep::Done(1);
}

constexpr Verb kWrite = {
    .name = "file:write", .wait = 3, .step = WriteStep, .give_up = GiveUpWrite};

}  // namespace

int ReadFile(lua_State* L) {
  LuaFile::Check(L);
  CheckFormat(L, 2);
  if (lua_gettop(L) < 2) lua_settop(L, 2);
  NormalizeWait(L, 3);
  return Drive(L, Runtime::Of(L), kRead);
}

int ReadFileLines(lua_State* L) {
  LuaFile::Check(L);
  CheckFormat(L, 2);
  if (lua_isnoneornil(L, 2)) {
    lua_settop(L, lua_gettop(L) < 2 ? 2 : lua_gettop(L));
    lua_pushliteral(L, "l");
    lua_replace(L, 2);
  }
  NormalizeWait(L, 3);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_pushcclosure(L, NextLine, 5);
  return 1;
}

int WriteFile(lua_State* L) {
  LuaFile::Check(L);
  int last = lua_gettop(L);
  // A table behind the data is for the driver: numbers are data.
  if (last > 1 && lua_istable(L, last)) {
    CheckOptions(L, last, {"timeout", "cancel"});
    lua_insert(L, 2);
  } else {
    lua_pushnil(L);
    lua_insert(L, 2);
    ++last;
  }
  for (int i = 3; i <= last; ++i) {
    if (lua_isstring(L, i)) continue;
    const char* const type = luaL_typename(L, i);
    luaL_argerror(L, i - 1,
                  lua_pushfstring(L, "string expected, got %s", type));
  }
  lua_concat(L, last - 2);
  lua_insert(L, 2);
  NormalizeWait(L, 3);
  lua_pushinteger(L, 0);
  return Drive(L, Runtime::Of(L), kWrite);
}

}  // namespace lev::lua
