// Tests lev/lua/embed.cc, lev/lua/embed_function.cc and
// lev/lua/embed_value.cc.

#include "lev/lua/embed.h"

#include <lua.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/task/co.h"
#include "lev/task/co_verbs.h"
#include "lev/task/task_error.h"
#include "tests/support/co_world.h"

namespace lev {
namespace {

class EmbedTest : public CoWorld {
 protected:
  EmbedTest() {
    luaL_openlibs(L_);
    host_ = std::make_unique<LuaHost>(L_, root_);
    EXPECT_TRUE(host_->Register("note", [this](LuaValues arguments) {
      return Note(std::move(arguments));
    }));
  }
  ~EmbedTest() override {
    root_.AbortAll();
    host_.reset();
    lua_close(L_);
  }

  // Appends its argument to the trace.
  Co<LuaOutcome> Note(LuaValues arguments) {
    trace_ += std::get<std::string>(arguments.at(0));
    co_return LuaValues();
  }

  LuaOutcome Script(std::string text, LuaValues arguments = {}) {
    return Result([&] { return host_->RunString(text, "script", arguments); });
  }

  lua_State* const L_ = luaL_newstate();
  std::unique_ptr<LuaHost> host_;
};

TEST_F(EmbedTest, AScriptReturnsItsResults) {
  const LuaOutcome outcome =
      Script("local a, b = ... return a + b, 'x', true, nil, 1.5",
             {int64_t{1}, int64_t{2}});
  const LuaValues expected = {int64_t{3}, std::string("x"), true,
                              std::monostate(), 1.5};
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(*outcome, expected);
}

TEST_F(EmbedTest, AScriptIsWithinARun) {
  const LuaOutcome outcome = Script(
      "local lev = require 'lev'\n"
      "lev.sleep(5)\n"
      "return lev.await(lev.spawn(function() return 'child' end))");
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(std::get<std::string>(outcome->at(0)), "child");
  EXPECT_EQ(loop_.now(), 5 * kSecond);
}

TEST_F(EmbedTest, BothLanguagesTakeTurnsOnOneLoop) {
  auto cpp = [this]() -> Co<> {
    for (int i = 0; i < 3; ++i) {
      trace_ += 'c';
      (co_await Yield()).IgnoreError();
    }
  };
  auto script = Start([this] {
    return host_->RunString(
        "local lev = require 'lev' for i = 1, 3 do note('l') lev.yield() end",
        "script");
  });
  auto task = Start(cpp);
  EXPECT_TRUE(Run());
  EXPECT_NE(trace_.find("cl"), std::string::npos);
  EXPECT_NE(trace_.find("lc"), std::string::npos);
}

TEST_F(EmbedTest, WhatAScriptRaisesIsAnErrorWithATraceback) {
  const LuaOutcome outcome = Script("error('no luck')");
  EXPECT_EQ(outcome.status().message(), "script:1: no luck");
  EXPECT_NE(LuaTracebackOf(outcome.status()).find("in main chunk"),
            std::string::npos);
}

TEST_F(EmbedTest, AScriptThatDoesNotCompileIsAnError) {
  const LuaOutcome outcome = Script("return +");
  EXPECT_TRUE(absl::IsInvalidArgument(outcome.status()));
  EXPECT_NE(outcome.status().message().find("unexpected symbol"),
            absl::string_view::npos);
}

TEST_F(EmbedTest, TablesDoNotPass) {
  EXPECT_EQ(Script("return 1, {}").status().message(),
            "result 2: nil, boolean, number or string expected, got table");
}

TEST_F(EmbedTest, AGlobalFunctionIsCalled) {
  EXPECT_TRUE(Script("function double(n) return 2 * n end").ok());
  auto main = [this]() -> Co<LuaOutcome> {
    LuaValues arguments = {int64_t{21}};
    LuaOutcome outcome = co_await host_->Call("double", std::move(arguments));
    co_return outcome;
  };
  EXPECT_EQ(std::get<int64_t>(Result(main)->at(0)), 42);
}

TEST_F(EmbedTest, AFunctionThatIsNotThereIsAnError) {
  const LuaOutcome outcome = Result([this] { return host_->Call("nobody"); });
  EXPECT_EQ(outcome.status().message(), "no global function 'nobody'");
}

TEST_F(EmbedTest, ACoroutineIsCalledLikeAFunction) {
  host_->Register("slow_sum", [](LuaValues arguments) -> Co<LuaOutcome> {
    const int64_t sum =
        std::get<int64_t>(arguments.at(0)) + std::get<int64_t>(arguments.at(1));
    (co_await Sleep(kSecond)).IgnoreError();
    co_return LuaValues{sum};
  });
  const LuaOutcome outcome = Script("return slow_sum(1, 2)");
  EXPECT_EQ(std::get<int64_t>(outcome->at(0)), 3);
  EXPECT_EQ(loop_.now(), kSecond);
}

TEST_F(EmbedTest, ItsErrorsAreNilAndAMessage) {
  host_->Register("fails", [](LuaValues) -> Co<LuaOutcome> {
    co_return absl::NotFoundError("not there");
  });
  const LuaOutcome outcome = Script("return fails()");
  const LuaValues expected = {std::monostate(), std::string("not there")};
  EXPECT_EQ(*outcome, expected);
}

TEST_F(EmbedTest, WhatDoesNotPassIsAnArgumentError) {
  const LuaOutcome outcome = Script("note({})");
  EXPECT_NE(outcome.status().message().find("bad argument #1"),
            absl::string_view::npos)
      << outcome.status();
}

TEST_F(EmbedTest, ACancellationPassesThroughBothLanguages) {
  host_->Register("wait", [this](LuaValues) -> Co<LuaOutcome> {
    const absl::Status slept = co_await Sleep(kSecond);
    trace_ += ReasonOf(slept);
    co_return slept;
  });
  auto script = Start([this] {
    return host_->RunString("wait() note(' unreached')", "script");
  });
  At(5, [&] { script.Cancel("enough"); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "enough");
  EXPECT_EQ(ReasonOf(script.outcome().status()), "enough");
  EXPECT_EQ(script.task().status(), Task::Status::kCancelled);
}

TEST_F(EmbedTest, AScriptThatCancelsItselfSaysWhy) {
  const LuaOutcome outcome = Script(
      "local lev = require 'lev' lev.current():cancel('enough') lev.sleep(1)");
  EXPECT_TRUE(absl::IsCancelled(outcome.status()));
  EXPECT_EQ(ReasonOf(outcome.status()), "enough");
}

TEST_F(EmbedTest, LuaCancelsACoroutine) {
  host_->Register("wait", [this](LuaValues) -> Co<LuaOutcome> {
    const absl::Status slept = co_await Sleep(kSecond);
    trace_ += absl::IsCancelled(slept) ? 'c' : 's';
    co_return slept;
  });
  const LuaOutcome outcome = Script(
      "local lev = require 'lev'\n"
      "return lev.with_timeout(0.1, function() return wait() end)");
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(std::get<std::string>(outcome->at(1)), "timeout");
  EXPECT_EQ(trace_, "c");
}

TEST_F(EmbedTest, AnAbortTakesBothLanguagesAlong) {
  host_->Register("wait", [this](LuaValues) -> Co<LuaOutcome> {
    const Farewell local(trace_, 'c');
    (co_await Sleep(kSecond)).IgnoreError();
    co_return LuaValues();
  });
  auto script = Start([this] {
    return host_->RunString(
        "local x <close> = setmetatable({}, {__close = function() note('x') "
        "end}) wait()",
        "script");
  });
  At(5, [&] { script.Abort(); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(trace_, "c");
  EXPECT_EQ(loop_.now(), 5);
}

TEST_F(EmbedTest, ADumpShowsTheTasksOfBoth) {
  host_->Register("wait", [](LuaValues) -> Co<LuaOutcome> {
    (co_await Sleep(kSecond)).IgnoreError();
    co_return LuaValues();
  });
  const LuaOutcome outcome = Script(
      "local lev = require 'lev'\n"
      "lev.spawn(function() wait() end, {name = 'in lua'})\n"
      "lev.sleep(0.1)\n"
      "local names = ''\n"
      "for _, task in ipairs(lev.task_dump()) do\n"
      "  names = names .. tostring(task.name) .. ' '\n"
      "end\n"
      "return names");
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(std::get<std::string>(outcome->at(0)),
              testing::HasSubstr("in lua wait"));
}

TEST_F(EmbedTest, ArgumentsAreAsManyAsYouLike) {
  // The collector takes back what room the stacks had in between.
  auto collector =
      Start([this] { return host_->RunString("collectgarbage()", "gc"); });
  LuaValues arguments;
  for (int64_t i = 1; i <= 100'000; ++i) arguments.push_back(i);
  const LuaOutcome outcome = Script("return ...", arguments);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(*outcome, arguments);
}

TEST_F(EmbedTest, TextsPassWithTheZeroesInThem) {
  const std::string text("a\0b", 3);
  host_->Register("fails", [&](LuaValues arguments) -> Co<LuaOutcome> {
    co_return absl::NotFoundError(std::get<std::string>(arguments.at(0)));
  });
  const LuaOutcome outcome =
      Script("local _, err = fails(...) error(err, 0)", {text});
  EXPECT_EQ(outcome.status().message(), text);
}

TEST_F(EmbedTest, AnExceptionIsAnErrorInLua) {
  host_->Register("throws", [](LuaValues arguments) -> Co<LuaOutcome> {
    (co_await Yield()).IgnoreError();
    co_return LuaValues{arguments.at(7)};
  });
  const LuaOutcome outcome = Script("return throws()");
  const LuaValues expected = {std::monostate(),
                              std::string(ExceptionError().message())};
  EXPECT_EQ(*outcome, expected);
}

TEST_F(EmbedTest, ACallThatOutlivesItsHostIsAborted) {
  auto script = Start([this] {
    return host_->RunString(
        "local x <close> = setmetatable({}, {__close = function() closed = 1 "
        "end}) require 'lev'.sleep(9)",
        "script");
  });
  At(5, [&] {
    host_.reset();
    lua_getglobal(L_, "closed");
    EXPECT_TRUE(lua_isinteger(L_, -1));
  });
  EXPECT_TRUE(Run());
  EXPECT_EQ(script.outcome().status(), TaskAbortedError());
  EXPECT_EQ(loop_.now(), 5);
}

TEST_F(EmbedTest, SoAreCallsWithinCalls) {
  host_->Register("call", [this](LuaValues) -> Co<LuaOutcome> {
    const Farewell local(trace_, 'c');
    LuaOutcome outcome = co_await host_->Call("sleep");
    trace_ += 'x';
    co_return outcome;
  });
  auto script = Start([this] {
    return host_->RunString(
        "function sleep() require 'lev'.sleep(9) end call() note('y')",
        "script");
  });
  At(5, [&] { host_.reset(); });
  EXPECT_TRUE(Run());
  EXPECT_EQ(script.outcome().status(), TaskAbortedError());
  EXPECT_EQ(trace_, "c");
}

TEST_F(EmbedTest, AScriptThatStopsTheLoopIsAbortedWithTheHost) {
  auto script = Start([this] {
    return host_->RunString(
        "local lev = require 'lev' lev.stop() lev.sleep(9) note('x')",
        "script");
  });
  EXPECT_TRUE(Run());
  EXPECT_FALSE(script.ended());
  host_.reset();
  EXPECT_TRUE(Run());
  EXPECT_EQ(script.outcome().status(), TaskAbortedError());
  EXPECT_EQ(trace_, "");
}

TEST_F(EmbedTest, AStateMayHaveOneHostAfterAnother) {
  EXPECT_TRUE(Script("note('a')").ok());
  host_.reset();
  host_ = std::make_unique<LuaHost>(L_, root_);
  lua_setwarnf(
      L_,
      [](void* trace, const char* text, int) {
        *static_cast<std::string*>(trace) += text;
      },
      &trace_);
  lua_gc(L_, LUA_GCCOLLECT);
  EXPECT_EQ(trace_, "a");
}

TEST_F(EmbedTest, AFunctionThatOutlivesItsHostIsAnError) {
  host_.reset();
  ASSERT_EQ(luaL_dostring(L_,
                          "return (select(2, require 'lev'.run(function() "
                          "note('x') end)))"),
            LUA_OK);
  EXPECT_THAT(lua_tostring(L_, -1),
              testing::HasSubstr("note: its host has gone"));
}

// What scripts without a host, or files, require; package.path leads nowhere.
TEST(PreloadLevTest, AProgramTestsItsScriptsInVirtualTime) {
  lua_State* const L = luaL_newstate();
  luaL_openlibs(L);
  PreloadLev(L);
  const int status = luaL_dostring(
      L,
      "package.path, package.cpath = '', ''\n"
      "local test, lev = require 'lev.test', require 'lev'\n"
      "return test.run(function() lev.sleep(3600) return test.now() end)");
  EXPECT_EQ(status, LUA_OK) << lua_tostring(L, -1);
  EXPECT_EQ(lua_tonumber(L, -1), 3600);
  lua_close(L);
}

TEST_F(EmbedTest, AHostsScriptsCannotTestWithinItsRun) {
  EXPECT_EQ(Script("package.path, package.cpath = '', ''\n"
                   "require('lev.test').run(function() end)")
                .status()
                .message(),
            "lev.test.run: this script is within the run of the program that "
            "embeds Lua");
}

}  // namespace
}  // namespace lev
