// Cancel tokens and the cancellation error, as Lua sees them.

#ifndef LEV_LUA_LUA_TOKEN_H_
#define LEV_LUA_LUA_TOKEN_H_

#include <memory>

#include "lev/lua/lua_compat.h"
#include "lev/task/cancel_reason.h"
#include "lev/task/cancel_token.h"

namespace lev::lua {

class LuaTask;
class Runtime;

// Registers the kinds, and adds lev.cancel_token to the table below the
// runtime, which is on top of the stack.
void OpenTokens(lua_State* L, Runtime& runtime);

// Pushes a token that is cancelled with `parent`. May raise.
void PushChildToken(lua_State* L, Runtime& runtime, CancelToken& parent);

// The token at `index`, or null if the value there is none.
CancelToken* TestToken(lua_State* L, int index);

// The value at `index` as a reason; null for nil. May raise.
std::unique_ptr<CancelReason> ToReason(lua_State* L, int index);

// Pushes the Lua value of a reason; nil for null.
void PushReason(lua_State* L, const CancelReason* reason);

// Raises the error that says the task was cancelled.
int RaiseCancelled(lua_State* L, const LuaTask& task);
int RaiseCancelled(lua_State* L, Runtime& runtime, const CancelReason* reason);

// Whether the value at `index` is that error.
bool IsCancelled(lua_State* L, int index, const Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TOKEN_H_
