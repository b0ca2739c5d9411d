// Carries out what CheckExec has checked.

#ifndef LEV_LUA_LUA_LAUNCH_H_
#define LEV_LUA_LUA_LAUNCH_H_

#include "absl/status/statusor.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_exec_options.h"
#include "lev/net/owned_fd.h"
#include "lev/proc/process_calls.h"
#include "lev/proc/spawn.h"

namespace lev::lua {

// A child, and this process' ends of its pipes, or of its terminal.
struct Launched {
  Spawned spawned;
  OwnedFd ends[3];
  OwnedFd terminal;
};

// The stack is as CheckExec has left it. Raises nothing. A file that cannot be
// opened is an error with the detail "stdin", "stdout" or "stderr".
absl::StatusOr<Launched> Launch(lua_State* L, const ExecPlan& plan,
                                ProcessCalls& calls);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_LAUNCH_H_
