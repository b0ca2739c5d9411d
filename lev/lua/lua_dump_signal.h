// lev.enable_dump_signal: a signal prints what every task does.

#ifndef LEV_LUA_LUA_DUMP_SIGNAL_H_
#define LEV_LUA_LUA_DUMP_SIGNAL_H_

#include "absl/status/status.h"
#include "lev/lua/lua_dump.h"

namespace lev::lua {

class Runtime;

// From now on, until the run ends, the signal `signo` prints a dump. Another
// call replaces format and signal. Errors: a signal that cannot be caught;
// another Lua state of this process has enabled its own.
absl::Status EnableDumpSignal(Runtime& runtime, int signo, DumpFormat format);

// For whoever takes delivery of signals by blocking them (signalfd), for
// blocked they do not reach the handler: prints the dump if `signo` is the one
// that was enabled.
void DumpOnSignal(Runtime& runtime, int signo);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_DUMP_SIGNAL_H_
