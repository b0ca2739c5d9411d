#include <algorithm>
#include <new>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_meeting.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_sync.h"
#include "lev/lua/lua_task.h"
#include "lev/task/interval.h"

namespace lev::lua {
namespace {

// An interval is trivially destructible, and nobody refers to it: it lives in
// its userdata.

Interval& CheckInterval(lua_State* L) {
  return Runtime::Of(L).sync.interval.Check<Interval>(L, 1);
}

Interval::Missed CheckMissed(lua_State* L) {
  CheckOptions(L, 2, {"missed"});
  if (lua_isnoneornil(L, 2)) return Interval::Missed::kSkip;
  if (lua_getfield(L, 2, "missed") == LUA_TNIL) return Interval::Missed::kSkip;
  const char* const text =
      lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  const absl::string_view name = text;
  if (name == "burst") return Interval::Missed::kBurst;
  if (name == "delay") return Interval::Missed::kDelay;
  if (name != "skip") {
    luaL_argerror(L, 2, "missed: 'skip', 'burst' or 'delay' expected");
  }
  return Interval::Missed::kSkip;
}

int NewInterval(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const Nanos period = CheckSeconds(L, 1, 1, "seconds");
  luaL_argcheck(L, period > 0, 1, "seconds: a positive number expected");
  const Interval::Missed missed = CheckMissed(L);
  runtime.CheckRunning(L, "lev.interval");
  void* const memory = lua_newuserdatauv(L, sizeof(Interval), 0);
  new (memory) Interval(runtime.loop().FreshNow(), period, missed);
  runtime.sync.interval.Adopt(L);
  return 1;
}

// interval:wait: 1 interval, 2 and 3 the driver's, 4 the deadline of the user.
// The driver's is the next tick, if that comes first; the step looks at it
// anew whenever it is called, for others may have taken the tick.

LuaStep TickStep(lua_State* L, LuaTask& task, bool resumed) {
  auto& interval = ObjectKind::At<Interval>(L, 1);
  const Instant now = task.loop().FreshNow();
  if (interval.Take(now)) {
    lua_pushinteger(L, interval.ticks());
    return LuaStep::Done(1);
  }
  if (!resumed) {
    lua_pushinteger(L, After(now, lua_tointeger(L, 2)));
    lua_replace(L, 4);
  }
  // A tick for ever away is a timer nevertheless.
  const Instant next = std::min(interval.next(), kNever - 1);
  const Instant until = std::min<Instant>(lua_tointeger(L, 4), next);
  lua_pushinteger(L, resumed ? until : until - now);
  lua_replace(L, 2);
  return LuaStep::BlockedOnTime();
}

constexpr Verb kWait = {.name = "interval:wait", .wait = 2, .step = TickStep};

int Wait(lua_State* L) {
  CheckInterval(L);
  NormalizeWait(L, 2);
  lua_pushnil(L);
  return Drive(L, Runtime::Of(L), kWait);
}

// `for tick in interval do`: what the loop passes does not matter.
int Next(lua_State* L) {
  lua_settop(L, 1);
  return Wait(L);
}

int Iterate(lua_State* L) {
  CheckInterval(L);
  lua_settop(L, 1);
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"wait", Wait}, {"iter", Iterate}, {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__call", Next}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"interval", NewInterval},
                                   {nullptr, nullptr}};

}  // namespace

void OpenIntervals(lua_State* L, Runtime& runtime) {
  runtime.sync.interval.Register(L, "lev.interval", kMethods, kMeta);
  AddTwins(L, runtime.sync.interval, {"wait"});
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
