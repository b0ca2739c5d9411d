#include "lev/lua/module.h"

#include "lev/lua/lua_capture.h"
#include "lev/lua/lua_cleanup.h"
#include "lev/lua/lua_combinators.h"
#include "lev/lua/lua_connect.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_fds.h"
#include "lev/lua/lua_listener.h"
#include "lev/lua/lua_observe.h"
#include "lev/lua/lua_process.h"
#include "lev/lua/lua_resolve.h"
#include "lev/lua/lua_run.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_signals.h"
#include "lev/lua/lua_tasks.h"
#include "lev/lua/lua_tcp.h"
#include "lev/lua/lua_token.h"
#include "lev/lua/lua_udp.h"
#include "lev/lua/lua_unix.h"
#include "lev/lua/lua_unix_dgram.h"
#include "lev/lua/lua_wait_fd.h"

extern "C" int luaopen_lev(lua_State* L) {
  using namespace lev::lua;  // NOLINT: every room of the module is opened.
  luaL_checkversion(L);
  lua_newtable(L);
  lua_pushliteral(L, LEV_VERSION);
  lua_setfield(L, -2, "_VERSION");
  Runtime& runtime = Runtime::Open(L);
  OpenRun(L, runtime);
  OpenTasks(L, runtime);
  OpenObserve(L, runtime);
  OpenTokens(L, runtime);
  OpenCleanups(L, runtime);
  OpenCombinators(L, runtime);
  OpenConnections(L, runtime);
  OpenConnect(L, runtime);
  OpenResolve(L, runtime);
  OpenListeners(L, runtime);
  OpenTcp(L, runtime);
  OpenUnix(L, runtime);
  OpenUdp(L, runtime);
  OpenUnixDgram(L, runtime);
  OpenFds(L, runtime);
  OpenWaitFd(L, runtime);
  OpenProcesses(L, runtime);
  OpenCaptures(L, runtime);
  OpenSignals(L, runtime);
  lua_pop(L, 1);
  return 1;
}
