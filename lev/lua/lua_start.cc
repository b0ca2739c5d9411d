#include "lev/lua/lua_start.h"

#include <cmath>
#include <new>

#include "lev/loop/clock.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_run.h"
#include "lev/lua/lua_run_options.h"
#include "lev/lua/lua_runtime.h"
#include "lev/observe/deadlock_report.h"

namespace lev::lua {
namespace {

// The runtime has one run at a time, so this says nothing of which.
struct SteppedRun {
  bool turning = false;  // Or being ended: its own code runs.
  bool over = false;
};

// Its user values. Whoever turns it may do so from another coroutine each
// time, and be gone in between, so its tasks are resumed from a thread that is
// the run's own.
constexpr int kMain = 1;
constexpr int kHost = 2;
constexpr int kDeadlock = 3;  // The report, if that was its end.
constexpr int kUserValues = 3;

// The registry's key of the run that has not ended: forgotten by its user, it
// stays, and so does its thread.
const char kKey = 0;

SteppedRun& Check(lua_State* L) {
  return Runtime::Of(L).run_kind.Check<SteppedRun>(L, 1);
}

void End(lua_State* L, Runtime& runtime, SteppedRun& self) {
  self.turning = true;
  runtime.EndRun();
  self.turning = false;
  self.over = true;
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kKey);
}

// Pushes the thread, with room for what tasks and their ends need at a time.
lua_State* PushHost(lua_State* L) {
  lua_State* const host = lua_newthread(L);
  if (!lua_checkstack(host, 4 * LUA_MINSTACK)) {
    luaL_error(L, "not enough memory");
  }
  return host;
}

int Start(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 2);
  const RunOptions options = CheckRunOptions(L, 2);
  lua_settop(L, 1);
  CheckMayBegin(L, runtime, "lev.start");
  new (lua_newuserdatauv(L, sizeof(SteppedRun), kUserValues)) SteppedRun;
  runtime.run_kind.Adopt(L);
  lua_insert(L, 1);
  lua_State* const host = PushHost(L);
  lua_setiuservalue(L, 1, kHost);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kKey);
  if (!BeginMain(L, runtime, *host, options, 2, "main")) {
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kKey);
    return 2;
  }
  lua_setiuservalue(L, 1, kMain);
  lua_settop(L, 1);
  return 1;
}

// Nothing can wake anybody, as the caller has just said: it waits for ever.
void EndDeadlocked(lua_State* L, Runtime& runtime, SteppedRun& self) {
  PushMessage(L, DescribeDeadlock(runtime.root()));
  lua_setiuservalue(L, 1, kDeadlock);
  End(L, runtime, self);
}

// 1 run, 2 for how long to wait.
int StepRun(lua_State* L) {
  SteppedRun& self = Check(L);
  Runtime& runtime = Runtime::Of(L);
  const Nanos most =
      lua_isnoneornil(L, 2) ? 0 : CheckSeconds(L, 2, 2, "seconds");
  if (self.turning) {
    return luaL_error(L, "run:step: must not be called within the run");
  }
  if (!self.over && most == kNever && runtime.loop().deadlocked()) {
    EndDeadlocked(L, runtime, self);
  }
  if (!self.over) {
    self.turning = true;
    const bool alive = runtime.loop().Step(most);
    self.turning = false;
    if (!alive) End(L, runtime, self);
  }
  lua_pushboolean(L, !self.over);
  return 1;
}

int Fd(lua_State* L) {
  const SteppedRun& self = Check(L);
  const int fd = self.over ? -1 : Runtime::Of(L).loop().fd();
  if (fd < 0) return 0;
  lua_pushinteger(L, fd);
  return 1;
}

int NextDeadline(lua_State* L) {
  const SteppedRun& self = Check(L);
  const Instant next =
      self.over ? kNever : Runtime::Of(L).loop().next_deadline();
  lua_pushnumber(
      L, next == kNever ? HUGE_VAL : static_cast<double>(next) / kSecond);
  return 1;
}

int Results(lua_State* L) {
  if (!Check(L).over) {
    return luaL_error(L, "run:results: the run has not ended");
  }
  lua_settop(L, 1);
  lua_pushnil(L);
  if (lua_getiuservalue(L, 1, kDeadlock) != LUA_TNIL) return 2;
  lua_getiuservalue(L, 1, kMain);
  return PushMainOutcome(L, lua_gettop(L));
}

int Close(lua_State* L) {
  SteppedRun& self = Check(L);
  if (self.turning) {
    return luaL_error(L,
                      "run:close: must not be called within the run, which "
                      "lev.stop ends");
  }
  if (!self.over) End(L, Runtime::Of(L), self);
  return 0;
}

int ToString(lua_State* L) {
  lua_pushstring(L, Check(L).over ? "lev.run: ended" : "lev.run: running");
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"step", StepRun},    {"fd", Fd},       {"next_deadline", NextDeadline},
    {"results", Results}, {"close", Close}, {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__close", Close}, {"__tostring", ToString}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"start", Start}, {nullptr, nullptr}};

}  // namespace

void OpenStart(lua_State* L, Runtime& runtime) {
  runtime.run_kind.Register(L, "lev.run", kMethods, kMeta);
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
