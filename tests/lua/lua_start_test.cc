// Tests lev/lua/lua_start.cc: a loop that waits with poll(2) turns a run, and
// neither spins nor sleeps too long.

#include <poll.h>

#include <algorithm>
#include <cmath>
#include <lua.hpp>
#include <string>

#include "gtest/gtest.h"
#include "lev/lua/module.h"

namespace lev::lua {
namespace {

class LuaStartTest : public testing::TestWithParam<const char*> {
 protected:
  LuaStartTest() {
    luaL_openlibs(L_);
    luaL_requiref(L_, "lev", luaopen_lev, true);
    lua_pushstring(L_, GetParam());
    lua_setglobal(L_, "poller");
    lua_settop(L_, 0);
  }
  ~LuaStartTest() override { lua_close(L_); }

  void Do(const std::string& text) {
    ASSERT_EQ(luaL_dostring(L_, text.c_str()), LUA_OK) << lua_tostring(L_, -1);
  }
  double Number(const std::string& text) {
    Do("return " + text);
    const double number = lua_tonumber(L_, -1);
    lua_pop(L_, 1);
    return number;
  }
  bool True(const std::string& text) {
    Do("return " + text);
    const bool value = lua_toboolean(L_, -1);
    lua_pop(L_, 1);
    return value;
  }
  // False where the kernel has no such poller.
  bool Start(const std::string& body) {
    return True("(function() run = lev.start(function() " + body +
                " end, {poller = poller}); return run end)()");
  }

  // Turns the run to its end; how many steps that took.
  int Turn() {
    pollfd waited = {static_cast<int>(Number("run:fd()")), POLLIN, 0};
    int steps = 1;
    for (; True("run:step()"); ++steps) {
      const double seconds = Number("run:next_deadline() - lev.now()");
      const double most = std::ceil(std::max(0.0, seconds) * 1000);
      poll(&waited, 1, std::isinf(most) ? -1 : static_cast<int>(most));
    }
    return steps;
  }

  lua_State* const L_ = luaL_newstate();
};

TEST_P(LuaStartTest, TimersAreTheOtherLoopsTimeouts) {
  if (!Start("for i = 1, 10 do lev.sleep(0.01) end return 'slept'")) {
    GTEST_SKIP() << "the kernel refuses it";
  }
  // One each; a poller that tells of the expiry of its own may need two.
  EXPECT_LE(Turn(), 40);
  EXPECT_TRUE(True("run:results() == 'slept'"));
}

TEST_P(LuaStartTest, DescriptorsWakeTheOtherLoop) {
  if (!Start(R"(
        local listener = assert(lev.listen("127.0.0.1", 0))
        local _, port = listener:getsockname()
        lev.spawn(function()
          local server <close> = listener:accept()
          for data in server:lines() do server:send(data .. "\n") end
        end)
        local client <close> = assert(lev.connect("127.0.0.1", port))
        for i = 1, 100 do
          client:send(i .. "\n")
          assert(client:recv_until("\n") == i .. "\n")
        end
        listener:close()
        return "echoed")")) {
    GTEST_SKIP() << "the kernel refuses it";
  }
  // At most a few for each message, there and back.
  EXPECT_LE(Turn(), 1000);
  EXPECT_TRUE(True("run:results() == 'echoed'"));
}

TEST_P(LuaStartTest, AStateThatClosesEndsTheRun) {
  if (!Start("lev.defer(function() end) lev.sleep(100)")) {
    GTEST_SKIP() << "the kernel refuses it";
  }
  EXPECT_TRUE(True("run:step()"));
}

INSTANTIATE_TEST_SUITE_P(Pollers, LuaStartTest,
                         testing::Values("epoll", "io_uring"),
                         [](const auto& param) {
                           return std::string(param.param);
                         });

}  // namespace
}  // namespace lev::lua
