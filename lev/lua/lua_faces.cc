#include "lev/lua/lua_faces.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "lev/lua/faces/common_lua.h"
#include "lev/lua/faces/fibers/alarm_lua.h"
#include "lev/lua/faces/fibers/channel_lua.h"
#include "lev/lua/faces/fibers/cond_lua.h"
#include "lev/lua/faces/fibers/exec_lua.h"
#include "lev/lua/faces/fibers/fibers_lua.h"
#include "lev/lua/faces/fibers/io/exec_lua.h"
#include "lev/lua/faces/fibers/io/file_lua.h"
#include "lev/lua/faces/fibers/io/socket_lua.h"
#include "lev/lua/faces/fibers/io/stream_lua.h"
#include "lev/lua/faces/fibers/op_lua.h"
#include "lev/lua/faces/fibers/queue_lua.h"
#include "lev/lua/faces/fibers/scope_lua.h"
#include "lev/lua/faces/fibers/sleep_lua.h"
#include "lev/lua/faces/fibers/waitgroup_lua.h"
#include "lev/lua/faces/std_task_lua.h"
#include "lev/lua/faces/ward_async_lua.h"
#include "lev/lua/faces/ward_time_lua.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_cleanup.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {
namespace {

struct Face {
  const char* module;
  absl::string_view text;
};

constexpr Face kFaces[] = {
    {"fibers", kFibersFibersLua},
    {"fibers.op", kFibersOpLua},
    {"fibers.scope", kFibersScopeLua},
    {"fibers.channel", kFibersChannelLua},
    {"fibers.sleep", kFibersSleepLua},
    {"fibers.cond", kFibersCondLua},
    {"fibers.waitgroup", kFibersWaitgroupLua},
    {"fibers.queue", kFibersQueueLua},
    {"fibers.alarm", kFibersAlarmLua},
    {"fibers.exec", kFibersExecLua},
    {"fibers.io.exec", kFibersIoExecLua},
    {"fibers.io.file", kFibersIoFileLua},
    {"fibers.io.stream", kFibersIoStreamLua},
    {"fibers.io.socket", kFibersIoSocketLua},
    {"std.task", kStdTaskLua},
    {"ward.async", kWardAsyncLua},
    {"ward.time", kWardTimeLua},
};

constexpr char kStdText[] =
    "std = setmetatable({}, { __index = function(self, key)\n"
    "  if key ~= 'task' then return nil end\n"
    "  self.task = require 'std.task'\n"
    "  return self.task\n"
    "end })";

// at_exit(fn) -> whether there is a program: fn is called when its file has
// ended, and the file's cleanups that were registered later.
int AtExit(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  LuaTask* const program = Runtime::Of(L).program_task;
  if (program == nullptr || program->ended()) return 0;
  LuaRef function = LuaRef::Take(L);
  program->cleanups().Push({.close = false, .value = std::move(function)});
  lua_pushboolean(L, true);
  return 1;
}

// yield_turns(task): its own coroutine.yield lets others run, no more.
int YieldTurns(lua_State* L) {
  Runtime::Of(L).task_kind.Check<LuaTask>(L, 1).YieldTurns();
  return 0;
}

constexpr luaL_Reg kNative[] = {
    {"at_exit", AtExit}, {"yield_turns", YieldTurns}, {nullptr, nullptr}};

void PushChunk(lua_State* L, const char* name, absl::string_view text) {
  lua_pushfstring(L, "=%s", name);
  if (luaL_loadbufferx(L, text.data(), text.size(), lua_tostring(L, -1), "t") !=
      LUA_OK) {
    lua_error(L);
  }
  lua_remove(L, -2);
}

// What the faces share, made when the first is loaded. Upvalues of the calling
// function: 1 the runtime, 2 lev, 3 a table that keeps it at 1.
void PushCommon(lua_State* L) {
  if (lua_rawgeti(L, lua_upvalueindex(3), 1) != LUA_TNIL) return;
  lua_pop(L, 1);
  PushChunk(L, "lev", kCommonLua);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_newtable(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  AddFunctions(L, kNative);
  lua_pop(L, 1);
  lua_call(L, 2, 1);
  lua_pushvalue(L, -1);
  lua_rawseti(L, lua_upvalueindex(3), 1);
}

// A loader of package.preload. Upvalue 4: which face.
int LoadFace(lua_State* L) {
  const auto& face =
      *static_cast<const Face*>(lua_touserdata(L, lua_upvalueindex(4)));
  PushChunk(L, face.module, face.text);
  lua_pushvalue(L, lua_upvalueindex(2));
  PushCommon(L);
  lua_call(L, 2, 1);
  return 1;
}

}  // namespace

void OpenFaces(lua_State* L, Runtime&) {
  const int own = lua_gettop(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_newtable(L);
  for (const Face& face : kFaces) {
    const bool taken = lua_getfield(L, own + 1, face.module) != LUA_TNIL;
    lua_pop(L, 1);
    if (taken) continue;
    lua_pushvalue(L, own);
    lua_pushvalue(L, own - 1);
    lua_pushvalue(L, own + 2);
    lua_pushlightuserdata(L, const_cast<Face*>(&face));
    lua_pushcclosure(L, LoadFace, 4);
    lua_setfield(L, own + 1, face.module);
  }
  lua_settop(L, own);
}

void OpenStd(lua_State* L) {
  PushChunk(L, "std", kStdText);
  lua_call(L, 0, 0);
}

}  // namespace lev::lua
