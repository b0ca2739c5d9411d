// Lua and coroutines call each other, and are cut short at each moment: by a
// cancellation, by an abort, or with their host. Nothing may be left.

#include <lua.hpp>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/lua/embed.h"
#include "lev/task/co.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_verbs.h"
#include "tests/support/fake_world.h"

namespace lev {
namespace {

constexpr char kScript[] = R"lua(
local lev = require "lev"

function inner(n)
  local closed <close> = setmetatable({}, {__close = collectgarbage})
  lev.sleep(0.002)
  return n > 0 and work(n - 1) or n
end

local tasks = {}
for i = 1, 3 do
  tasks[i] = lev.spawn(function()
    lev.defer(function() lev.sleep(0.001) work(0) end)
    return lev.with_timeout(0.002 + i * 0.003, function() return work(i) end)
  end)
end
lev.race { function() return work(3) end, function() lev.sleep(0.004) end }
for i = 1, 3 do lev.await(tasks[i]) end
lev.scope(function(scope)
  scope:spawn(function() return work(1) end)
  work(0)
end)
return "done"
)lua";

enum class Cut { kCancel, kAbort, kHost };

class Torture {
 public:
  Torture() {
    luaL_openlibs(L_);
    host_ = std::make_unique<LuaHost>(L_, root_);
    host_->Register("work", [this](LuaValues arguments) {
      return Work(std::move(arguments));
    });
  }
  ~Torture() {
    host_.reset();
    lua_close(L_);
  }

  // True if the script was still alive at `moment`.
  bool Run(Cut cut, Nanos moment) {
    auto script = Spawn(root_, "script",
                        [this] { return host_->RunString(kScript, "script"); });
    bool alive = false;
    world_.loop.Park(world_.Add([&] {
      alive = !script.ended();
      if (cut == Cut::kCancel) script.Cancel("cut");
      if (cut == Cut::kAbort) script.Abort();
      if (cut == Cut::kHost) host_.reset();
    }),
                     {}, moment);
    const absl::Status ran = world_.loop.Run();
    EXPECT_TRUE(ran.ok()) << ran;
    EXPECT_TRUE(script.ended());
    EXPECT_EQ(working_, 0);
    EXPECT_EQ(world_.loop.stats().timers, 0u);
    if (alive) return true;
    EXPECT_TRUE(script.outcome().ok()) << script.outcome().status();
    return false;
  }

 private:
  struct Counted {
    explicit Counted(int& in) : count(in) { ++count; }
    ~Counted() { --count; }
    int& count;
  };

  Co<LuaOutcome> Work(LuaValues arguments) {
    const Counted counted(working_);
    (co_await Sleep(kMillisecond)).IgnoreError();
    LuaOutcome outcome = co_await host_->Call("inner", std::move(arguments));
    co_return outcome;
  }

  FakeWorld world_;
  CoScope root_{world_.loop};
  lua_State* const L_ = luaL_newstate();
  std::unique_ptr<LuaHost> host_;
  int working_ = 0;
};

class EmbedTortureTest : public ::testing::TestWithParam<Cut> {};

TEST_P(EmbedTortureTest, WhateverCutsAScriptShortLeavesNothingBehind) {
  constexpr Nanos kGrain = kMillisecond / 4;
  int cuts = 0;
  while (Torture().Run(GetParam(), cuts * kGrain) && !HasFailure()) ++cuts;
  EXPECT_GT(cuts, 50);
}

INSTANTIATE_TEST_SUITE_P(Cuts, EmbedTortureTest,
                         ::testing::Values(Cut::kCancel, Cut::kAbort,
                                           Cut::kHost));

}  // namespace
}  // namespace lev
