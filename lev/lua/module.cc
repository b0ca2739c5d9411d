#include "lev/lua/module.h"

#include "lev/lua/lua_capture.h"
#include "lev/lua/lua_channel.h"
#include "lev/lua/lua_cleanup.h"
#include "lev/lua/lua_combinators.h"
#include "lev/lua/lua_connect.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_core.h"
#include "lev/lua/lua_coroutine.h"
#include "lev/lua/lua_current.h"
#include "lev/lua/lua_faces.h"
#include "lev/lua/lua_fds.h"
#include "lev/lua/lua_file.h"
#include "lev/lua/lua_listener.h"
#include "lev/lua/lua_locks.h"
#include "lev/lua/lua_meeting.h"
#include "lev/lua/lua_observe.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_process.h"
#include "lev/lua/lua_resolve.h"
#include "lev/lua/lua_run.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_scope.h"
#include "lev/lua/lua_signals.h"
#include "lev/lua/lua_start.h"
#include "lev/lua/lua_stdio.h"
#include "lev/lua/lua_tasks.h"
#include "lev/lua/lua_tcp.h"
#include "lev/lua/lua_test.h"
#include "lev/lua/lua_tls_identity.h"
#include "lev/lua/lua_token.h"
#include "lev/lua/lua_udp.h"
#include "lev/lua/lua_unix.h"
#include "lev/lua/lua_unix_dgram.h"
#include "lev/lua/lua_wait_fd.h"
#include "lev/lua/lua_wait_signal.h"
#include "lev/lua/lua_whole_file.h"

namespace lev::lua {
namespace {

// The registry's keys of the modules' tables are the addresses of these.
const char kLevKey = 0;
const char kCoreKey = 0;
const char kTestKey = 0;

// Pushes the table that `open` fills, always the same one: the kinds of objects
// which it registers must not be registered twice.
int PushModule(lua_State* L, const char& key,
               void (*open)(lua_State* L, Runtime& runtime)) {
  luaL_checkversion(L);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) == LUA_TTABLE) return 1;
  lua_pop(L, 1);
  lua_newtable(L);
  open(L, Runtime::Open(L));
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
  return 1;
}

// Stack: the table, and the runtime on top.
void OpenLev(lua_State* L, Runtime& runtime) {
  lua_pushliteral(L, LEV_VERSION);
  lua_setfield(L, -3, "_VERSION");
  OpenRun(L, runtime);
  OpenStart(L, runtime);
  OpenTasks(L, runtime);
  OpenObserve(L, runtime);
  OpenTokens(L, runtime);
  OpenCleanups(L, runtime);
  OpenCombinators(L, runtime);
  OpenCurrent(L, runtime);
  OpenScopes(L, runtime);
  OpenChannels(L, runtime);
  OpenMutexes(L, runtime);
  OpenRwLocks(L, runtime);
  OpenMeetings(L, runtime);
  OpenIntervals(L, runtime);
  OpenConnections(L, runtime);
  OpenConnect(L, runtime);
  OpenResolve(L, runtime);
  OpenListeners(L, runtime);
  OpenTcp(L, runtime);
  OpenTlsIdentities(L, runtime);
  OpenUnix(L, runtime);
  OpenUdp(L, runtime);
  OpenUnixDgram(L, runtime);
  OpenFds(L, runtime);
  OpenFiles(L, runtime);
  OpenWholeFiles(L, runtime);
  OpenStdio(L, runtime);
  OpenWaitFd(L, runtime);
  OpenProcesses(L, runtime);
  OpenCaptures(L, runtime);
  OpenSignals(L, runtime);
  OpenWaitSignal(L, runtime);
  OpenOps(L, runtime);
  OpenCoroutines(L, runtime);
  OpenFaces(L, runtime);
}

}  // namespace
}  // namespace lev::lua

extern "C" int luaopen_lev(lua_State* L) {
  return lev::lua::PushModule(L, lev::lua::kLevKey, lev::lua::OpenLev);
}

extern "C" int luaopen_lev_core(lua_State* L) {
  luaopen_lev(L);
  return lev::lua::PushModule(L, lev::lua::kCoreKey, lev::lua::OpenCore);
}

extern "C" int luaopen_lev_test(lua_State* L) {
  luaopen_lev(L);
  return lev::lua::PushModule(L, lev::lua::kTestKey, lev::lua::OpenTest);
}

namespace lev::lua {

void PreloadModules(lua_State* L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_lev);
  lua_setfield(L, -2, "lev");
  lua_pushcfunction(L, luaopen_lev_core);
  lua_setfield(L, -2, "lev.core");
  lua_pushcfunction(L, luaopen_lev_test);
  lua_setfield(L, -2, "lev.test");
  lua_pop(L, 1);
}

}  // namespace lev::lua
