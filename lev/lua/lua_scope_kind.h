// The handle of a scope: its methods and fields.

#ifndef LEV_LUA_LUA_SCOPE_KIND_H_
#define LEV_LUA_LUA_SCOPE_KIND_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// User values of a handle: its name, and the task whose error is the scope's.
inline constexpr int kScopeName = 1;
inline constexpr int kScopeFailure = 2;
inline constexpr int kScopeUserValues = 2;

// The runtime is on top of the stack, and stays there.
void RegisterScopeKind(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SCOPE_KIND_H_
