// The arguments of lev.exec and lev.exec_capture, checked. That may raise, so
// no C++ object holds what is text: it stays on the stack, for Launch.

#ifndef LEV_LUA_LUA_EXEC_OPTIONS_H_
#define LEV_LUA_LUA_EXEC_OPTIONS_H_

#include <cstdint>

#include "lev/lua/lua_compat.h"
#include "lev/proc/pty.h"
#include "lev/proc/spawn.h"
#include "lev/proc/stdio.h"

namespace lev::lua {

// What one of the child's three descriptors is connected to.
struct StdioChoice {
  enum class Kind : uint8_t {
    kPipe,
    kTerminal,
    kInherit,
    kNull,
    kFd,
    kFile,    // Whose name is on the stack.
    kOutput,  // The same as its output: for its errors.
  };
  Kind kind = Kind::kPipe;
  FileMode mode = FileMode::kRead;
  int fd = -1;
};

// What was asked for. Has no destructor.
struct ExecPlan {
  // Where CheckExec leaves values; nil is what was not given. The files' names
  // are at kFiles and behind it.
  enum Place { kPath = 1, kArgs, kOptions, kEnv, kCwd, kFiles, kTop = 8 };

  static constexpr int kMostLimits = 16;

  StdioChoice stdio[3];
  bool new_group = false;
  bool terminal = false;
  WindowSize size;
  int uid = -1;
  int gid = -1;
  int death_signal = 0;
  ResourceLimit limits[kMostLimits];
  int limit_count = 0;
};

enum class ExecUse : uint8_t { kExec, kCapture };

// Checks path, args and options at 1, 2 and 3, and leaves kTop values. For a
// capture, a text as `stdin` is left in the place of its file's name, with
// kPipe; without one, there is nothing to read; and the group is the child's
// own unless asked otherwise.
ExecPlan CheckExec(lua_State* L, ExecUse use);

// "stdin", "stdout" and "stderr".
const char* StdioName(int i);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_EXEC_OPTIONS_H_
