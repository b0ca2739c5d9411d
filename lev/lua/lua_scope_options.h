// The options of lev.scope and lev.with_timeout.

#ifndef LEV_LUA_LUA_SCOPE_OPTIONS_H_
#define LEV_LUA_LUA_SCOPE_OPTIONS_H_

#include "lev/loop/clock.h"
#include "lev/lua/lua_compat.h"
#include "lev/task/scope.h"

namespace lev::lua {

class Runtime;

struct ScopeOptions {
  Scope::Policy policy = Scope::Policy::kCancelOnError;
  Instant deadline = kNever;
};

// Checks the table, or nil, at 1. Leaves the name, or nil, on the stack.
ScopeOptions CheckScopeOptions(lua_State* L, Runtime& runtime);

// The grace period in the table, or nil, at `index`.
Nanos CheckGrace(lua_State* L, int index);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_SCOPE_OPTIONS_H_
