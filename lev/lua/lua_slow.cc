#include "lev/lua/lua_slow.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lev/lua/lua_dump.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {
namespace {

// How many instructions of the virtual machine pass between two looks at the
// clock: less than a millisecond.
constexpr int kInstructions = 100000;

void OnCount(lua_State* L, lua_Debug*) {
  Runtime& runtime = Runtime::Open(L);
  lua_pop(L, 1);
  if (runtime.onlookers().empty()) {
    // A coroutine that a task of a run before this has made.
    lua_sethook(L, nullptr, 0, 0);
  } else if (runtime.current() != nullptr) {
    runtime.onlookers().Tick(L);
  }
}

}  // namespace

void SlowWatch::Resuming(LuaTask& task) {
  warned_ = false;
  began_ = runtime_.loop().FreshNow();
  if (lua_gethook(task.thread()) != nullptr) return;
  lua_sethook(task.thread(), OnCount, LUA_MASKCOUNT, kInstructions);
}

void SlowWatch::Returned(LuaTask&) { took_ = Elapsed(); }

void SlowWatch::Report(LuaTask& task) {
  if (warned_ || took_ <= limit_) return;
  const bool suspended =
      !task.ended() && lua_status(task.thread()) == LUA_YIELD;
  Warn(task, took_,
       suspended ? TracebackOf(runtime_, task.thread()) : "it has ended");
}

void SlowWatch::Tick(lua_State* L) {
  if (warned_) return;
  const Nanos elapsed = Elapsed();
  if (elapsed <= limit_) return;
  warned_ = true;
  const LuaTask& task = *runtime_.current();
  Warn(task, elapsed, TracebackHere(runtime_, L));
}

void SlowWatch::Warn(const LuaTask& task, Nanos took,
                     const std::string& where) {
  const double seconds = static_cast<double>(took) / kSecond;
  runtime_.logger().Log(runtime_, "warn",
                        absl::StrCat(task.Describe(), " has run for ",
                                     absl::StrFormat("%.2f", seconds),
                                     " s without suspending\n", where));
}

}  // namespace lev::lua
