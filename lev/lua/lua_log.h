// Where lev says what nobody else will hear: failures of detached tasks, of
// cleanups, of tasks that were never awaited.
//
// The logger set by lev.set_logger gets them; without one, standard error.
// A logger that fails itself is reported on standard error, and never
// disturbs the scheduler.

#ifndef LEV_LUA_LUA_LOG_H_
#define LEV_LUA_LUA_LOG_H_

#include <utility>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_ref.h"

namespace lev::lua {

class Runtime;

class Logger {
 public:
  // The logger: a function(level, message), or an object with a method named
  // like the level ("error"), or else with log(message, level).
  void Set(LuaRef logger) { logger_ = std::move(logger); }

  // Pushes it, or nil. Raises nothing.
  void Push(lua_State* L) const { logger_.Push(L); }

  // Levels: "error", "warn", "info". Raises nothing. A logger's code belongs
  // to no task, whoever runs.
  void Log(Runtime& runtime, const char* level, absl::string_view message);

  // A text of several lines that somebody has asked for: to the logger with
  // level "info", or to standard error as it is.
  void Print(Runtime& runtime, absl::string_view text);

 private:
  struct Call;
  bool CallIt(Runtime& runtime, Call& call);
  static int CallLogger(lua_State* L);

  LuaRef logger_;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_LOG_H_
