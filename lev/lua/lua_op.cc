#include "lev/lua/lua_op.h"

#include <string>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_choice.h"
#include "lev/lua/lua_cleanup.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_locks.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/op/op_lua.h"
#include "lev/lua/op/select_lua.h"

namespace lev::lua {
namespace {

// Upvalue 2 of a twin is its address.
const char kTwin = 0;

// The operation that can be done at once.
LuaStep ReadyStep(lua_State*, LuaTask&, bool) { return LuaStep::Done(0); }

constexpr Verb kReady = {.name = "lev.op.always", .wait = 1, .step = ReadyStep};

int PushReady(lua_State* L) {
  lua_settop(L, 0);
  lua_pushinteger(L, kNever);
  lua_pushnil(L);
  return PushOp(L, Runtime::Of(L), kReady);
}

// Whether the value at 1 is an operation, made here or in Lua.
int IsOp(lua_State* L) {
  lua_pushboolean(L, Runtime::Of(L).op_kind.Is(L, 1));
  return 1;
}

// The __name of the value at 1, or its type.
int NameOfKind(lua_State* L) {
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__name") != LUA_TSTRING) {
    lua_pushstring(L, luaL_typename(L, 1));
  }
  return 1;
}

// What a handler has raised, which changes nothing any more.
int LogError(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  lua_settop(L, 1);
  if (LuaTask* const task = runtime.acting()) {
    LogCleanupError(L, runtime, *task);
  }
  return 0;
}

int OpToString(lua_State* L) {
  const Op* const op = Runtime::Of(L).op_kind.Test<Op>(L, 1);
  if (op == nullptr) {
    lua_pushliteral(L, "lev.op");
  } else {
    lua_pushfstring(L, "lev.op: %s", op->verb->name);
  }
  return 1;
}

constexpr luaL_Reg kMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__tostring", OpToString}, {nullptr, nullptr}};
constexpr luaL_Reg kNative[] = {{"ready", PushReady},
                                {"is", IsOp},
                                {"kind", NameOfKind},
                                {"log", LogError},
                                {nullptr, nullptr}};

void PushChunk(lua_State* L, absl::string_view text) {
  if (luaL_loadbufferx(L, text.data(), text.size(), "=lev.op", "t") != LUA_OK) {
    lua_error(L);
  }
}

void AddTwin(lua_State* L, int functions, int runtime, const char* name) {
  lua_getfield(L, functions, name);
  const lua_CFunction function = lua_tocfunction(L, -1);
  lua_pushfstring(L, "%s_op", name);
  lua_pushvalue(L, runtime);
  lua_pushlightuserdata(L, const_cast<char*>(&kTwin));
  lua_pushcclosure(L, function, 2);
  lua_rawset(L, functions);
  lua_pop(L, 1);
}

}  // namespace

bool IsTwin(lua_State* L) {
  return lua_touserdata(L, lua_upvalueindex(2)) == &kTwin;
}

int PushOp(lua_State* L, Runtime& runtime, const Verb& verb) {
  const int size = lua_gettop(L);
  luaL_checkstack(L, 2, nullptr);
  auto* const op = static_cast<Op*>(lua_newuserdatauv(L, sizeof(Op), size));
  *op = {&verb, size};
  for (int i = 1; i <= size; ++i) {
    lua_pushvalue(L, i);
    lua_setiuservalue(L, -2, i);
  }
  runtime.op_kind.Adopt(L);
  return 1;
}

void AddTwins(lua_State* L, std::initializer_list<const char*> names) {
  const int runtime = lua_gettop(L);
  for (const char* name : names) AddTwin(L, runtime - 1, runtime, name);
}

void AddTwins(lua_State* L, const ObjectKind& kind,
              std::initializer_list<const char*> names) {
  const int runtime = lua_gettop(L);
  kind.PushMethods(L);
  const int methods = lua_gettop(L);
  for (const char* name : names) AddTwin(L, methods, runtime, name);
  lua_settop(L, runtime);
}

// Stack: the module's table, the runtime.
void OpenOps(lua_State* L, Runtime& runtime) {
  const int own = lua_gettop(L);
  runtime.op_kind.Register(L, "lev.op", kMethods, kMeta);
  lua_newtable(L);
  lua_pushvalue(L, own);
  AddFunctions(L, kNative);
  AddChoose(L, runtime);
  AddConditionWait(L);
  lua_pop(L, 1);
  runtime.op_kind.Push(L);
  lua_setfield(L, -2, "meta");
  runtime.op_kind.PushMethods(L);
  lua_setfield(L, -2, "methods");
  runtime.sync.condition.PushMethods(L);
  lua_setfield(L, -2, "condition");
  PushChunk(L, kOpLua);
  lua_pushvalue(L, own - 1);
  lua_pushvalue(L, own + 1);
  lua_call(L, 2, 2);
  lua_pushvalue(L, -2);
  lua_setfield(L, own - 1, "op");
  PushChunk(L, kSelectLua);
  lua_insert(L, own + 2);
  lua_pushvalue(L, own - 1);
  lua_insert(L, own + 3);
  lua_pushvalue(L, own + 1);
  lua_insert(L, own + 4);
  lua_call(L, 4, 0);
  lua_settop(L, own);
}

}  // namespace lev::lua
