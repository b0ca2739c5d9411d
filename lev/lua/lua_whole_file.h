// lev.read_file, lev.write_file and lev.stat: whole files, by name.

#ifndef LEV_LUA_LUA_WHOLE_FILE_H_
#define LEV_LUA_LUA_WHOLE_FILE_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kind of what they have begun, and adds them to the table below
// the runtime, which is on top of the stack.
void OpenWholeFiles(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_WHOLE_FILE_H_
