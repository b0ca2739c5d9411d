// A program in C++ whose scripts run on its loop: the script calls a coroutine
// as if it were a function, and a coroutine calls the script.
//
//   bazel run //examples:embed_lua

#include <cctype>
#include <cstdio>
#include <lua.hpp>
#include <string>
#include <variant>

#include "lev/loop/epoll_poller.h"
#include "lev/lua/embed.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_verbs.h"

constexpr char kScript[] = R"lua(
local lev = require "lev"

function greet(name)
  local task = lev.spawn(function() return slow_upper(name) end)
  lev.sleep(0.01)
  return "hello, " .. lev.await(task)
end
)lua";

// What the script knows as slow_upper.
lev::Co<lev::LuaOutcome> SlowUpper(lev::LuaValues arguments) {
  std::string text = std::get<std::string>(arguments.at(0));
  absl::Status slept = co_await lev::Sleep(20 * lev::kMillisecond);
  if (!slept.ok()) co_return slept;
  for (char& c : text) c = static_cast<char>(std::toupper(c));
  co_return lev::LuaValues{text};
}

lev::Co<> Main(lev::LuaHost& host) {
  auto loaded = co_await host.RunString(kScript, "script");
  if (!loaded.ok()) co_return;
  lev::LuaValues arguments = {std::string("world")};
  auto greeting = co_await host.Call("greet", std::move(arguments));
  std::puts(greeting.ok() ? std::get<std::string>(greeting->at(0)).c_str()
                          : greeting.status().ToString().c_str());
}

int main() {
  lev::MonotonicClock clock;
  const auto poller = *lev::EpollPoller::Create();
  lev::EventLoop loop(clock, *poller);
  lua_State* const L = luaL_newstate();
  luaL_openlibs(L);
  {
    lev::CoScope root(loop);
    lev::LuaHost host(L, root);
    host.Register("slow_upper", SlowUpper);
    lev::Spawn(root, "main", Main, std::ref(host));
    if (!loop.Run().ok()) return 1;
  }
  lua_close(L);
}
