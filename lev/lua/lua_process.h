// lev.exec, and the methods of processes.
//
// A process' streams are sockets like all others, kept by its userdata (and
// keeping it: either alone is enough to hold the child), and readable as its
// fields stdin, stdout and stderr. Its receiving and sending methods are those
// of its streams.

#ifndef LEV_LUA_LUA_PROCESS_H_
#define LEV_LUA_LUA_PROCESS_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kind, and adds lev.exec to the table below the runtime, which
// is on top of the stack.
void OpenProcesses(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_PROCESS_H_
