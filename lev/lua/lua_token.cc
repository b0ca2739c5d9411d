#include "lev/lua/lua_token.h"

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_ref.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {
namespace {

// A reason that is a Lua value.
class LuaReason final : public CancelReason {
 public:
  LuaReason(std::string text, LuaRef value)
      : CancelReason(std::move(text)), value_(std::move(value)) {}
  void Push(lua_State* L) const { value_.Push(L); }

 private:
  const LuaRef value_;
};

class LuaToken final : public Boxed {
 public:
  LuaToken(Runtime& runtime, CancelToken* parent) : token_(parent) {
    runtime.Own(*this);
  }
  CancelToken& token() { return token_; }

 private:
  CancelToken token_;
};

CancelToken& CheckToken(lua_State* L, int index) {
  return Runtime::Of(L).token_kind.Check<LuaToken>(L, index).token();
}

// Pushes a token; the value below it, its parent's userdata or nil, is kept
// alive by it and replaced.
void PushToken(lua_State* L, Runtime& runtime, CancelToken* parent) {
  if (runtime.closing()) {
    // Its finalizer would never be called.
    luaL_error(L, "lev.cancel_token: the Lua state is being closed");
  }
  ObjectKind::PushBox(L, 1);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, 1);
  runtime.token_kind.Fill(L, new LuaToken(runtime, parent));
}

int NewToken(lua_State* L) {
  lua_settop(L, 0);
  lua_pushnil(L);
  PushToken(L, Runtime::Of(L), nullptr);
  return 1;
}

int TokenChild(lua_State* L) {
  CancelToken& parent = CheckToken(L, 1);
  lua_settop(L, 1);
  PushToken(L, Runtime::Of(L), &parent);
  return 1;
}

int TokenCancel(lua_State* L) {
  CancelToken& token = CheckToken(L, 1);
  token.Cancel(ToReason(L, 2));
  return 0;
}

// Of a variable: what it was given to is not waited for any more.
int TokenClose(lua_State* L) {
  CheckToken(L, 1).Cancel(nullptr);
  return 0;
}

int TokenIsCancelled(lua_State* L) {
  lua_pushboolean(L, CheckToken(L, 1).cancelled());
  return 1;
}

int TokenCheck(lua_State* L) {
  CancelToken& token = CheckToken(L, 1);
  if (!token.cancelled()) return 0;
  return RaiseCancelled(L, Runtime::Of(L), token.reason());
}

// token:wait: 1 token, 2 and 3 the driver's.
LuaStep TokenWaitStep(lua_State* L, LuaTask&, bool) {
  CancelToken& token = ObjectKind::At<LuaToken>(L, 1).token();
  if (!token.cancelled()) return LuaStep::Blocked(token);
  lua_pushboolean(L, true);
  PushReason(L, token.reason());
  return LuaStep::Done(2);
}

constexpr Verb kTokenWait = {
    .name = "cancel_token:wait", .wait = 2, .step = TokenWaitStep};

int TokenWait(lua_State* L) {
  CheckToken(L, 1);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kTokenWait);
}

int TokenIndex(lua_State* L) {
  const CancelToken& token = CheckToken(L, 1);
  const absl::string_view key = luaL_checkstring(L, 2);
  if (key == "cancelled") {
    lua_pushboolean(L, token.cancelled());
  } else if (key == "reason") {
    PushReason(L, token.reason());
  } else {
    lua_settop(L, 2);
    lua_rawget(L, lua_upvalueindex(2));
  }
  return 1;
}

int TokenNewIndex(lua_State* L) {
  return luaL_error(L,
                    "a cancel token's field '%s' cannot be set: call "
                    "token:cancel()",
                    luaL_tolstring(L, 2, nullptr));
}

int TokenToString(lua_State* L) {
  const CancelToken& token = CheckToken(L, 1);
  lua_pushfstring(L, "lev.cancel_token: %p%s", &token,
                  token.cancelled() ? " cancelled" : "");
  return 1;
}

int CancelledToString(lua_State* L) {
  lua_settop(L, 1);
  if (lua_getfield(L, 1, "reason") == LUA_TNIL) {
    lua_pushliteral(L, "cancelled");
  } else {
    lua_pushfstring(L, "cancelled: %s", luaL_tolstring(L, -1, nullptr));
  }
  return 1;
}

constexpr luaL_Reg kTokenMethods[] = {
    {"cancel", TokenCancel}, {"is_cancelled", TokenIsCancelled},
    {"check", TokenCheck},   {"child", TokenChild},
    {"wait", TokenWait},     {nullptr, nullptr}};
constexpr luaL_Reg kTokenMeta[] = {
    {"__index", TokenIndex},
    {"__newindex", TokenNewIndex},
    {"__tostring", TokenToString},
    {"__close", TokenClose},
    {"__gc", Collect<&Runtime::token_kind, LuaToken>},
    {nullptr, nullptr}};
constexpr luaL_Reg kNone[] = {{nullptr, nullptr}};
constexpr luaL_Reg kCancelledMeta[] = {{"__tostring", CancelledToString},
                                       {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"cancel_token", NewToken},
                                   {nullptr, nullptr}};

}  // namespace

void OpenTokens(lua_State* L, Runtime& runtime) {
  runtime.token_kind.Register(L, "lev.cancel_token", kTokenMethods, kTokenMeta);
  AddTwins(L, runtime.token_kind, {"wait"});
  runtime.cancelled_kind.Register(L, "lev.cancelled", kNone, kCancelledMeta);
  AddFunctions(L, kFunctions);
}

void PushChildToken(lua_State* L, Runtime& runtime, CancelToken& parent) {
  lua_pushnil(L);
  PushToken(L, runtime, &parent);
}

CancelToken* TestToken(lua_State* L, int index) {
  if (!lua_isuserdata(L, index)) return nullptr;
  auto* const token = Runtime::Of(L).token_kind.Test<LuaToken>(L, index);
  return token == nullptr ? nullptr : &token->token();
}

std::unique_ptr<CancelReason> ToReason(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return nullptr;
  // Converted on a copy: lua_tostring changes a number in place.
  lua_pushvalue(L, index);
  const char* const text = lua_tostring(L, -1);
  const char* const shown = text != nullptr ? text : luaL_typename(L, index);
  lua_pushvalue(L, index);
  LuaRef value = LuaRef::Take(L);
  auto reason = std::make_unique<LuaReason>(shown, std::move(value));
  lua_pop(L, 1);
  return reason;
}

void PushReason(lua_State* L, const CancelReason* reason) {
  if (reason == nullptr) {
    lua_pushnil(L);
  } else if (auto* value = dynamic_cast<const LuaReason*>(reason)) {
    value->Push(L);
  } else {
    lua_pushlstring(L, reason->text().data(), reason->text().size());
  }
}

int RaiseCancelled(lua_State* L, Runtime& runtime, const CancelReason* reason) {
  lua_createtable(L, 0, 1);
  PushReason(L, reason);
  lua_setfield(L, -2, "reason");
  runtime.cancelled_kind.Adopt(L);
  return lua_error(L);
}

int RaiseCancelled(lua_State* L, const LuaTask& task) {
  return RaiseCancelled(L, Runtime::Of(L), task.cancel_reason());
}

bool IsCancelled(lua_State* L, int index, const Runtime& runtime) {
  return runtime.cancelled_kind.Is(L, index);
}

}  // namespace lev::lua
