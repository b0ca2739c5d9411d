// Uses lev/lua:embed alone: a script on a loop of this program's.

#include <cstdio>
#include <lua.hpp>

#include "lev/loop/clock.h"
#include "lev/loop/epoll_poller.h"
#include "lev/lua/embed.h"
#include "lev/task/co_spawn.h"

int main() {
  lev::MonotonicClock clock;
  const auto poller = lev::EpollPoller::Create();
  lev::EventLoop loop(clock, **poller);
  lev::Scope root(loop);
  lua_State* const L = luaL_newstate();
  luaL_openlibs(L);
  bool ok = false;
  {
    lev::LuaHost host(L, root);
    auto script = lev::Spawn(
        root, "script",
        host.RunString("require('lev').sleep(0.001) return 'slept'", "script"));
    ok = loop.Run().ok() && script.outcome().ok() &&
         std::get<std::string>(script.outcome()->at(0)) == "slept";
  }
  lua_close(L);
  std::puts(ok ? "slept" : "did not sleep");
  return ok ? 0 : 1;
}
