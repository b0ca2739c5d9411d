// lev.scope and lev.with_timeout, and the methods of scopes.

#ifndef LEV_LUA_LUA_SCOPE_H_
#define LEV_LUA_LUA_SCOPE_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Registers the kind, and adds the functions to the table below the runtime,
// which is on top of the stack.
void OpenScopes(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SCOPE_H_
