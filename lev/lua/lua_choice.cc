#include "lev/lua/lua_choice.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "lev/loop/check.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_token.h"

namespace lev::lua {
namespace {

using Member = LuaChoice::Member;

// Stack: 1 the operations, 2 and 3 the driver's, 4 where to start, 5 whether
// only to try; then the members' values, kMostValues for each.
constexpr int kOperations = 1;
constexpr int kWait = 2;
constexpr int kStart = 4;
constexpr int kTryOnly = 5;
constexpr int kValues = 6;

int PlaceOf(size_t member) {
  return kValues + static_cast<int>(member) * kMostValues;
}

void PushValues(lua_State* L, const Member& member, int place) {
  for (int i = 0; i < member.size; ++i) lua_pushvalue(L, place + i);
}

// The values on top become the member's.
void TakeValues(lua_State* L, Member& member, int place, int size) {
  LEV_CHECK(size <= kMostValues, "a verb has too many values");
  member.size = size;
  for (int i = size - 1; i >= 0; --i) lua_replace(L, place + i);
}

// The verb's step, with the member's values as its stack. A function of its
// own: its errors are caught, and it has the runtime in its upvalue. Returns
// the results; or, blocked, the values.
int TryValues(lua_State* L) {
  LuaTask& task = *Runtime::Of(L).current();
  LuaChoice& choice = *task.choice();
  Member& member = *choice.current();
  const LuaStep step = TryVerb(L, task, *member.verb, member.blocked);
  member.blocked = step.blocked;
  if (!step.blocked) return step.results;
  const int wait = member.verb->wait;
  choice.AddToPlan(step, TestToken(L, wait + 1), lua_tointeger(L, wait));
  return lua_gettop(L);
}

// Undoes what a member has begun. On a thread that stands in a C function of
// the module: that costs no memory, and this may be an abort. Raises nothing.
void GiveUp(lua_State* L, LuaTask& task, Member& member, int place) {
  if (member.verb == nullptr || member.verb->give_up == nullptr) return;
  lua_State* const aside = Runtime::Of(L).threads().aside();
  lua_settop(aside, 0);
  for (int i = 0; i < member.size; ++i) {
    lua_pushvalue(L, place + i);
    lua_xmove(L, aside, 1);
  }
  task.choice()->set_current(&member);
  member.verb->give_up(aside, task);
  task.choice()->set_current(nullptr);
  lua_settop(aside, 0);
}

// All but `winner`, which may be null.
void GiveUpOthers(lua_State* L, LuaTask& task, const Member* winner) {
  LuaChoice& choice = *task.choice();
  choice.group().WithdrawQueued();
  const absl::Span<Member> members = choice.members();
  for (size_t i = 0; i < members.size(); ++i) {
    if (&members[i] != winner) GiveUp(L, task, members[i], PlaceOf(i));
  }
  choice.End();
}

// Copies the operation's values to the member's place. The list may have been
// changed since it was checked: this is a turn later, if there was a pause.
void Prepare(lua_State* L, LuaTask& task, Member& member, size_t index) {
  lua_rawgeti(L, kOperations, static_cast<lua_Integer>(index) + 1);
  const Op* const found = Runtime::Of(L).op_kind.Test<Op>(L, -1);
  if (found == nullptr) {
    GiveUpOthers(L, task, nullptr);
    luaL_argerror(L, kOperations, "its operations were changed meanwhile");
  }
  const Op& op = *found;
  const int place = PlaceOf(index);
  for (int i = 0; i < op.size; ++i) {
    lua_getiuservalue(L, -1, i + 1);
    lua_replace(L, place + i);
  }
  lua_pop(L, 1);
  member.size = op.size;
  member.verb = op.verb;
}

// True if it is done: its results are on top of the stack, and what was below
// stays there. Raises what the step raises.
bool TryMember(lua_State* L, LuaTask& task, size_t index) {
  LuaChoice& choice = *task.choice();
  Member& member = choice.members()[index];
  if (member.verb == nullptr) Prepare(L, task, member, index);
  const int top = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(2));
  PushValues(L, member, PlaceOf(index));
  choice.set_current(&member);
  const int status = lua_pcall(L, member.size, LUA_MULTRET, 0);
  choice.set_current(nullptr);
  if (status != LUA_OK) {
    GiveUpOthers(L, task, nullptr);
    lua_error(L);
  }
  if (!member.blocked) return true;
  TakeValues(L, member, PlaceOf(index), lua_gettop(L) - top);
  return false;
}

// Its results are what is above `top`.
LuaStep Commit(lua_State* L, LuaTask& task, size_t index, int top) {
  GiveUpOthers(L, task, &task.choice()->members()[index]);
  lua_pushinteger(L, static_cast<lua_Integer>(index) + 1);
  lua_insert(L, top + 1);
  return LuaStep::Done(lua_gettop(L) - top);
}

void Begin(lua_State* L, LuaTask& task) {
  const size_t count = lua_rawlen(L, kOperations);
  constexpr size_t kMost = LUAI_MAXSTACK / kMostValues;
  const int size = static_cast<int>(std::min(count, kMost)) * kMostValues;
  luaL_checkstack(L, size + LUA_MINSTACK, "too many operations");
  lua_settop(L, kValues - 1 + size);
  task.BeginChoice(count);
}

// Tries all in order, or only the one whose turn was `granted`. The number of
// the one that is done; their count, if none is.
size_t TryMembers(lua_State* L, LuaTask& task, const void* granted) {
  LuaChoice& choice = *task.choice();
  const size_t count = choice.members().size();
  const auto start = static_cast<size_t>(lua_tointeger(L, kStart));
  choice.ClearPlan();
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (start + i) % count;
    const bool chosen = granted == &choice.members()[index];
    if (granted != nullptr && !chosen) continue;
    if (TryMember(L, task, index)) return index;
  }
  return count;
}

LuaStep ChooseStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed) Begin(L, task);
  LuaChoice& choice = *task.choice();
  const int top = lua_gettop(L);
  const void* granted = nullptr;
  // Again, if one was granted while those after it were tried (a condition's
  // wait lets go of its mutex): nobody was parked there to be woken.
  do {
    granted = choice.group().granted();
    const size_t index = TryMembers(L, task, granted);
    if (index < choice.members().size()) return Commit(L, task, index, top);
  } while (granted == nullptr && choice.group().granted() != nullptr);
  if (!lua_toboolean(L, kTryOnly)) return LuaStep::BlockedOnSeveral();
  GiveUpOthers(L, task, nullptr);
  lua_pushnil(L);
  return LuaStep::Done(1);
}

int GiveUpAll(lua_State* L, LuaTask& task) {
  if (task.choice() != nullptr) GiveUpOthers(L, task, nullptr);
  return 0;
}

std::string DescribeChoice(lua_State* thread) {
  const auto count = lua_rawlen(thread, kOperations);
  return absl::StrCat(count, count == 1 ? " operation" : " operations");
}

constexpr Verb kChoose = {.name = "lev.op.perform",
                          .wait = kWait,
                          .step = ChooseStep,
                          .give_up = GiveUpAll,
                          .describe = DescribeChoice};

// Where a fair choice of so many begins. Outside a run Drive will refuse it.
lua_Integer PickStart(Runtime& runtime, lua_Integer count) {
  if (!runtime.running()) return 0;
  const size_t start = runtime.loop().Pick(static_cast<size_t>(count));
  return static_cast<lua_Integer>(start);
}

int Choose(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  luaL_checktype(L, kOperations, LUA_TTABLE);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, kOperations));
  const bool fair = lua_toboolean(L, 3);
  const bool try_only = lua_toboolean(L, 4);
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, kOperations, i);
    luaL_argexpected(L, runtime.op_kind.Test<Op>(L, -1) != nullptr, kOperations,
                     "list of operations");
    lua_pop(L, 1);
  }
  lua_settop(L, kWait);
  NormalizeWait(L, kWait, kNever, {"fair"});
  lua_pushinteger(L, fair ? PickStart(runtime, count) : 0);
  lua_pushboolean(L, try_only);
  return Drive(L, runtime, kChoose);
}

}  // namespace

void LuaChoice::AddToPlan(const LuaStep& step, CancelToken* token,
                          Instant deadline) {
  plan_.deadline = std::min(plan_.deadline, deadline);
  if (token != nullptr) AddArm(*token);
  if (step.list == nullptr) return;
  if (step.ready) plan_.ready = static_cast<int>(plan_.arms.size());
  AddArm(*step.list);
}

void LuaChoice::AddArm(WaitList& list) {
  const size_t place = plan_.arms.size();
  arms_[place].list = &list;
  plan_.arms = absl::MakeSpan(arms_).first(place + 1);
}

void AddChoose(lua_State* L, Runtime& runtime) {
  OpenAside(L, runtime);
  lua_pushvalue(L, -1);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, TryValues, 1);
  lua_pushcclosure(L, Choose, 2);
  lua_setfield(L, -3, "choose");
}

}  // namespace lev::lua
