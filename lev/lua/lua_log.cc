#include "lev/lua/lua_log.h"

#include <cstdio>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "lev/lua/lua_runtime.h"

namespace lev::lua {
namespace {

void ToStandardError(absl::string_view message) {
  std::fprintf(stderr, "lev: %.*s\n", static_cast<int>(message.size()),
               message.data());
}

// Replaces the logger on top by its method `name` and itself. False, and
// nothing changed, if it has none.
bool PushMethod(lua_State* L, const char* name) {
  if (lua_getfield(L, -1, name) == LUA_TNIL) {
    lua_pop(L, 1);
    return false;
  }
  lua_insert(L, -2);
  return true;
}

}  // namespace

struct Logger::Call {
  const LuaRef& logger;
  const char* level;
  absl::string_view message;
};

int Logger::CallLogger(lua_State* L) {
  const Call& call = *static_cast<const Call*>(lua_touserdata(L, 1));
  call.logger.Push(L);
  if (lua_isfunction(L, -1)) {
    lua_pushstring(L, call.level);
    lua_pushlstring(L, call.message.data(), call.message.size());
    lua_call(L, 2, 0);
  } else if (PushMethod(L, call.level)) {
    lua_pushlstring(L, call.message.data(), call.message.size());
    lua_call(L, 2, 0);
  } else if (PushMethod(L, "log")) {
    lua_pushlstring(L, call.message.data(), call.message.size());
    lua_pushstring(L, call.level);
    lua_call(L, 3, 0);
  } else {
    return luaL_error(L, "the logger has no method '%s' or 'log'", call.level);
  }
  return 0;
}

// False, with an error on top of the host's stack, if it failed.
bool Logger::CallIt(Runtime& runtime, Call& call) {
  std::optional<Runtime::Unwinding> aside;
  if (runtime.current() != nullptr) aside.emplace(runtime, *runtime.current());
  return runtime.Protect(CallLogger, &call, 0);
}

void Logger::Log(Runtime& runtime, const char* level,
                 absl::string_view message) {
  if (!logger_.valid() || runtime.closing()) return ToStandardError(message);
  Call call = {logger_, level, message};
  if (CallIt(runtime, call)) return;
  lua_State* const L = runtime.host();
  const char* const error = lua_tostring(L, -1);
  ToStandardError(message);
  ToStandardError(error != nullptr ? error : "the logger failed");
  lua_pop(L, 1);
}

void Logger::Print(Runtime& runtime, absl::string_view text) {
  if (logger_.valid()) return Log(runtime, "info", text);
  const std::string line = absl::StrCat(text, "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace lev::lua
