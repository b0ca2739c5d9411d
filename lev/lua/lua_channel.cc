// The messages are in a table, the userdata's user value: so a channel that is
// sent through itself is garbage like any other. C++ hands on their numbers.

#include "lev/lua/lua_channel.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_sync.h"
#include "lev/lua/lua_task.h"
#include "lev/task/channel.h"

namespace lev::lua {
namespace {

// Where a message is in the table.
using Place = uint32_t;
using Places = Channel<Place>;

class LuaChannel final : public Boxed {
 public:
  LuaChannel(Runtime& runtime, size_t capacity) : channel_(capacity) {
    runtime.Own(*this);
  }

  Places& channel() { return channel_; }

  // Puts the value at 2 into the table of the channel at 1. May raise.
  Place Keep(lua_State* L) {
    const Place place = free_.empty() ? used_ + 1 : free_.back();
    lua_getiuservalue(L, 1, 1);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, place);
    lua_pop(L, 1);
    if (free_.empty()) {
      ++used_;
    } else {
      free_.pop_back();
    }
    return place;
  }

  // Takes it out again, and pushes it. Raises nothing.
  void Take(lua_State* L, Place place) {
    lua_getiuservalue(L, 1, 1);
    lua_rawgeti(L, -1, place);
    lua_pushnil(L);
    lua_rawseti(L, -3, place);
    lua_remove(L, -2);
    free_.push_back(place);
  }

  // What the call of `task` is about to send, once it is blocked.
  Step Send(const LuaTask& task, Place place) {
    Sending& sending = senders_.Of(task);
    if (sending.place == 0) sending.place = place;
    const Step step = channel_.Send(sending.turn, place);
    if (!step.blocked()) sending.place = 0;
    return step;
  }
  Step Receive(const LuaTask& task, std::optional<Place>& place) {
    return channel_.Receive(receivers_.Of(task), place);
  }

  // Ends the call of `task`. The place of a message that was not sent, or 0.
  Place Drop(const LuaTask& task) {
    receivers_.Drop(task);
    Sending* const sending = senders_.Find(task);
    const bool unsent = sending != nullptr && !sending->turn.granted();
    const Place place = unsent ? sending->place : 0;
    senders_.Drop(task);
    return place;
  }
  void Leave(const LuaTask& task) { LoseTask(task); }

  // There is no stack to reach the table from: its value is overwritten when
  // the place is used again.
  void LoseTask(const LuaTask& task) override {
    const Place place = Drop(task);
    if (place != 0) free_.push_back(place);
  }

  void EndOfRun() override { channel_.Close(); }

  std::string Describe() const override {
    return absl::StrCat(channel_.size(), " inside, ", channel_.senders(),
                        " sending, ", channel_.receivers(), " receiving",
                        channel_.closed() ? ", closed" : "");
  }

 private:
  struct Sending {
    void Join(TurnGroup& group, const void* member) {
      turn.Join(group, member);
    }

    Places::Sender turn;
    Place place = 0;
  };

  Places channel_;
  Place used_ = 0;
  std::vector<Place> free_;
  LuaTurns<Sending> senders_;
  LuaTurns<Places::Receiver> receivers_;
};

LuaChannel& Check(lua_State* L) {
  return CheckSync<LuaChannel, &SyncKinds::channel>(L);
}

// The capacity on top of the stack, given as or in argument 1.
size_t CheckCapacity(lua_State* L) {
  if (lua_isnil(L, -1)) return 0;
  int whole = 0;
  const lua_Integer capacity = lua_tointegerx(L, -1, &whole);
  if (lua_type(L, -1) == LUA_TNUMBER) {
    if (whole != 0 && capacity >= 0) return static_cast<size_t>(capacity);
    if (lua_tonumber(L, -1) == HUGE_VAL) return Places::kUnbounded;
  }
  luaL_argerror(L, 1,
                "capacity: an integer that is not negative, or math.huge, "
                "expected");
  return 0;
}

int NewChannel(lua_State* L) {
  lua_settop(L, 1);
  if (lua_istable(L, 1)) {
    CheckOptions(L, 1, {"capacity"});
    lua_getfield(L, 1, "capacity");
  }
  const size_t capacity = CheckCapacity(L);
  CheckNotClosing(L, "lev.channel");
  ObjectKind::PushBox(L, 1);
  lua_newtable(L);
  lua_setiuservalue(L, -2, 1);
  FillSync<LuaChannel>(L, Runtime::Of(L).sync.channel, capacity);
  return 1;
}

const char* Text(Places::Try outcome, const char* would_block) {
  return outcome == Places::Try::kClosed ? "closed" : would_block;
}

// channel:send: 1 channel, 2 message, 3 and 4 the driver's.

// Sends the message at 2 if that can be done at once. May raise.
Places::Try SendNow(lua_State* L, LuaChannel& self, Place& place,
                    const TurnGroup* group = nullptr) {
  if (self.channel().closed()) return Places::Try::kClosed;
  place = self.Keep(L);
  return self.channel().TrySend(place, group);
}

LuaStep SendStep(lua_State* L, LuaTask& task, bool resumed) {
  auto& self = ObjectKind::At<LuaChannel>(L, 1);
  Place place = 0;
  if (!resumed) {
    const Places::Try outcome = SendNow(L, self, place, task.turn_group());
    if (outcome == Places::Try::kClosed) return Failed(L, "closed");
    if (outcome == Places::Try::kDone) {
      lua_pushboolean(L, true);
      return LuaStep::Done(1);
    }
  }
  return FinishSync(L, self, task, self.Send(task, place));
}

int GiveUpSend(lua_State* L, LuaTask& task) {
  auto& self = ObjectKind::At<LuaChannel>(L, 1);
  const Place place = self.Drop(task);
  if (place == 0) return 0;
  self.Take(L, place);
  lua_pop(L, 1);
  return 0;
}

constexpr Verb kSend = {
    .name = "channel:send", .wait = 3, .step = SendStep, .give_up = GiveUpSend};

int Send(lua_State* L) {
  Check(L);
  luaL_checkany(L, 2);
  NormalizeWait(L, 3);
  return Drive(L, Runtime::Of(L), kSend);
}

int TrySend(lua_State* L) {
  LuaChannel& self = Check(L);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  Place place = 0;
  const Places::Try outcome = SendNow(L, self, place);
  if (outcome == Places::Try::kDone) {
    lua_pushboolean(L, true);
    return 1;
  }
  if (place != 0) self.Take(L, place);
  return Failed(L, Text(outcome, "full")).results;
}

// channel:recv: 1 channel, 2 and 3 the driver's.

LuaStep ReceiveStep(lua_State* L, LuaTask& task, bool resumed) {
  auto& self = ObjectKind::At<LuaChannel>(L, 1);
  std::optional<Place> place;
  if (!resumed && self.channel().TryReceive(place, task.turn_group()) ==
                      Places::Try::kDone) {
    self.Take(L, *place);
    return LuaStep::Done(1);
  }
  const Step step = self.Receive(task, place);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  self.Leave(task);
  if (step.failed()) return Failed(L, "closed");
  self.Take(L, *place);
  return LuaStep::Done(1);
}

constexpr Verb kReceive = {.name = "channel:recv",
                           .wait = 2,
                           .step = ReceiveStep,
                           .give_up = LeaveSync<LuaChannel>};

int Receive(lua_State* L) {
  Check(L);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kReceive);
}

// `for message in channel do`: what the loop passes does not matter.
int Next(lua_State* L) {
  Check(L);
  lua_settop(L, 1);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kReceive);
}

int Iterate(lua_State* L) {
  Check(L);
  lua_settop(L, 1);
  return 1;
}

int TryReceive(lua_State* L) {
  LuaChannel& self = Check(L);
  std::optional<Place> place;
  const Places::Try outcome = self.channel().TryReceive(place);
  if (outcome != Places::Try::kDone) {
    return Failed(L, Text(outcome, "empty")).results;
  }
  self.Take(L, *place);
  return 1;
}

int Close(lua_State* L) {
  Check(L).channel().Close();
  lua_pushboolean(L, true);
  return 1;
}

void SetCount(lua_State* L, const char* name, size_t count) {
  lua_pushinteger(L, static_cast<lua_Integer>(count));
  lua_setfield(L, -2, name);
}

int Stats(lua_State* L) {
  const Places& channel = Check(L).channel();
  lua_createtable(L, 0, 5);
  SetCount(L, "capacity", channel.capacity());
  if (channel.capacity() == Places::kUnbounded) {
    lua_pushnumber(L, HUGE_VAL);
    lua_setfield(L, -2, "capacity");
  }
  SetCount(L, "size", channel.size());
  SetCount(L, "senders", channel.senders());
  SetCount(L, "receivers", channel.receivers());
  lua_pushboolean(L, channel.closed());
  lua_setfield(L, -2, "closed");
  return 1;
}

int Length(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(Check(L).channel().size()));
  return 1;
}

constexpr luaL_Reg kMethods[] = {{"send", Send},    {"try_send", TrySend},
                                 {"recv", Receive}, {"close", Close},
                                 {"iter", Iterate}, {"try_recv", TryReceive},
                                 {"stats", Stats},  {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__call", Next},
    {"__len", Length},
    {"__close", Close},
    {"__gc", CollectSync<LuaChannel, &SyncKinds::channel>},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"channel", NewChannel}, {nullptr, nullptr}};

}  // namespace

void OpenChannels(lua_State* L, Runtime& runtime) {
  runtime.sync.channel.Register(L, "lev.channel", kMethods, kMeta);
  AddTwins(L, runtime.sync.channel, {"send", "recv"});
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
