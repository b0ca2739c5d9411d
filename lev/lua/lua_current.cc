#include "lev/lua/lua_current.h"

#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {
namespace {

constexpr Verb kCheckpoint = {
    .name = "lev.checkpoint", .wait = 1, .step = nullptr};

int Checkpoint(lua_State* L) {
  return DriveAfterPause(L, Runtime::Of(L), kCheckpoint);
}

int Current(lua_State* L) {
  const LuaTask* const task = Runtime::Of(L).current();
  if (task == nullptr) {
    lua_pushnil(L);
  } else {
    task->PushSelf(L);
  }
  return 1;
}

// The table is made when it is first asked for: tasks that never do pay
// nothing.
int Locals(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  LuaTask* const task = runtime.current();
  if (task == nullptr) {
    return luaL_error(L, "lev.locals: must be called within a task");
  }
  lua_settop(L, 0);
  task->PushSelf(L);
  const int self = lua_gettop(L);
  runtime.PushLocals(L);
  lua_pushvalue(L, self);
  if (lua_rawget(L, -2) != LUA_TNIL) return 1;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, self);
  lua_pushvalue(L, -2);
  lua_rawset(L, -4);
  task->set_has_locals();
  return 1;
}

// The function has ended. `shielded` says whether there is a shield to end.
int Shielded(lua_State* L, int status, lua_KContext shielded) {
  // Not this task, but a user who has got hold of its coroutine.
  LuaTask* const task = Runtime::Of(L).TaskOn(L);
  if (shielded != 0 && task != nullptr) task->Unshield();
  if (status != LUA_OK && status != LUA_YIELD) return lua_error(L);
  return lua_gettop(L);
}

// Where nothing can suspend, in a coroutine of the user's own or outside of all
// tasks, no cancellation can be reported either: nothing to keep back.
int Shield(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  LuaTask* const task = Runtime::Of(L).TaskOn(L);
  const lua_KContext shielded = task != nullptr;
  const int arguments = lua_gettop(L) - 1;
  if (task != nullptr) task->Shield();
  const int status =
      lua_pcallk(L, arguments, LUA_MULTRET, 0, shielded, Shielded);
  return Shielded(L, status, shielded);
}

constexpr luaL_Reg kFunctions[] = {{"checkpoint", Checkpoint},
                                   {"current", Current},
                                   {"locals", Locals},
                                   {"shield", Shield},
                                   {nullptr, nullptr}};

}  // namespace

void OpenCurrent(lua_State* L, Runtime&) { AddFunctions(L, kFunctions); }

// A copy, and no chain of tables: that would grow without end in a task which
// spawns its successor.
bool InheritLocals(lua_State* L, Runtime& runtime) {
  const LuaTask* const parent = runtime.current();
  if (parent == nullptr || !parent->has_locals()) return false;
  const int self = lua_gettop(L);
  luaL_checkstack(L, LUA_MINSTACK, "lev.spawn");
  lua_newtable(L);
  runtime.PushLocals(L);
  parent->PushSelf(L);
  lua_rawget(L, self + 2);
  lua_replace(L, self + 3);
  lua_settop(L, self + 3);
  lua_pushnil(L);
  while (lua_next(L, self + 3) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, self + 1);
  }
  lua_pushvalue(L, self);
  lua_pushvalue(L, self + 1);
  lua_rawset(L, self + 2);
  lua_settop(L, self);
  return true;
}

}  // namespace lev::lua
