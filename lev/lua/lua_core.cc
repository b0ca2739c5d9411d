#include "lev/lua/lua_core.h"

#include "absl/strings/string_view.h"
#include "lev/lua/core/core_lua.h"
#include "lev/lua/core/driver_lua.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_core_process.h"
#include "lev/lua/lua_core_tcp.h"
#include "lev/lua/lua_core_udp.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_fds.h"
#include "lev/lua/lua_run.h"
#include "lev/lua/lua_runtime.h"
#include "lev/net/foreign_fds.h"

namespace lev::lua {
namespace {

LuaStep ParkStep(lua_State*, LuaTask&, bool) {
  return LuaStep::BlockedOnTime();
}

constexpr Verb kPark = {
    .name = "lev.core.yield_to_loop", .wait = 1, .step = ParkStep};

// Until the wait argument ends it: a token is cancelled, or a time over.
int Park(lua_State* L) {
  NormalizeWait(L, 1);
  return Drive(L, Runtime::Of(L), kPark);
}

int Forget(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const auto fd = static_cast<int>(luaL_checkinteger(L, 1));
  if (runtime.running()) runtime.foreign_fds().Forget(fd);
  return 0;
}

int PushToFd(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushinteger(L, ToFd(L, 1));
  return 1;
}

// Upvalue 2 makes the arguments lev.run's. A C function, so that lev.run sees
// who has called this one.
int LoopRun(lua_State* L) {
  lua_settop(L, 2);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_call(L, 2, 2);
  return Run(L);
}

constexpr luaL_Reg kNative[] = {{"park", Park},
                                {"forget", Forget},
                                {"to_fd", PushToFd},
                                {nullptr, nullptr}};

void PushChunk(lua_State* L, const char* name, absl::string_view text) {
  if (luaL_loadbufferx(L, text.data(), text.size(), name, "t") != LUA_OK) {
    lua_error(L);
  }
}

}  // namespace

void OpenCore(lua_State* L, Runtime& runtime) {
  const int own = lua_gettop(L);
  const int core = own - 1;
  const int lev = own - 2;
  lua_newtable(L);
  lua_pushvalue(L, own);
  AddFunctions(L, kNative);
  lua_pop(L, 1);
  const int native = own + 1;

  lua_pushvalue(L, own);
  PushChunk(L, "=lev.core", kCoreLua);
  lua_pushvalue(L, core);
  lua_pushvalue(L, lev);
  lua_pushvalue(L, native);
  PushChunk(L, "=lev.core", kDriverLua);
  lua_pushvalue(L, lev);
  lua_pushvalue(L, native);
  lua_call(L, 2, 1);
  lua_call(L, 4, 1);
  lua_pushcclosure(L, LoopRun, 2);
  lua_setfield(L, core, "loop_run");
  lua_settop(L, own);

  OpenCoreTcp(L, runtime);
  OpenCoreUdp(L, runtime);
  OpenCoreProcesses(L, runtime);
}

}  // namespace lev::lua
