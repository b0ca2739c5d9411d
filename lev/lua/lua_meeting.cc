#include "lev/lua/lua_meeting.h"

#include <cstddef>
#include <cstdint>

#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_sync.h"
#include "lev/lua/lua_task.h"
#include "lev/task/rendezvous.h"
#include "lev/task/semaphore.h"
#include "lev/task/witness.h"

namespace lev::lua {
namespace {

// An object of C++, and the turns of those who wait for it.
template <typename T>
class Meeting final : public Boxed {
 public:
  template <typename... Args>
  explicit Meeting(Runtime& runtime, Args... args) : object_(args...) {
    runtime.Own(*this);
  }

  T& operator*() { return object_; }
  T* operator->() { return &object_; }

  // `what` it waits for.
  Turn& TurnOf(const LuaTask& task, const char* what) {
    return turns_.Of(task, what);
  }
  void Leave(const LuaTask& task) { turns_.Drop(task); }
  void LoseTask(const LuaTask& task) override { Leave(task); }

 private:
  T object_;
  LuaTurns<Turn> turns_;
};

template <typename T, ObjectKind SyncKinds::*kind, typename... Args>
int New(lua_State* L, const char* name, Args... args) {
  CheckNotClosing(L, name);
  ObjectKind::PushBox(L, 0);
  FillSync<Meeting<T>>(L, Runtime::Of(L).sync.*kind, args...);
  return 1;
}

int PushTrue(lua_State* L) {
  lua_pushboolean(L, true);
  return 1;
}

int PushCount(lua_State* L, int64_t count) {
  lua_pushinteger(L, count);
  return 1;
}

lua_Integer OptCount(lua_State* L, int argument, lua_Integer low,
                     lua_Integer high) {
  if (lua_isnoneornil(L, argument)) return 1;
  return CheckInteger(L, argument, low, high);
}

// Semaphores. semaphore:acquire: 1 semaphore, 2 permits, 3 and 4 the driver's.

using LuaSemaphore = Meeting<Semaphore>;

LuaSemaphore& CheckSemaphore(lua_State* L) {
  return CheckSync<LuaSemaphore, &SyncKinds::semaphore>(L);
}

// So many as there are at most.
size_t CheckPermits(lua_State* L, LuaSemaphore& self) {
  const auto total = static_cast<lua_Integer>(self->total());
  return static_cast<size_t>(OptCount(L, 2, 1, total));
}

int NewSemaphore(lua_State* L) {
  const lua_Integer permits = CheckInteger(L, 1, 1, LUA_MAXINTEGER);
  return New<Semaphore, &SyncKinds::semaphore>(L, "lev.semaphore",
                                               static_cast<size_t>(permits));
}

// In a test: so many were taken.
void TellWitness(Runtime& runtime, LuaSemaphore& self, size_t permits) {
  Witness* const witness =
      runtime.running() ? runtime.loop().witness() : nullptr;
  if (witness != nullptr) witness->Took(*self, permits, runtime.acting());
}

LuaStep AcquireStep(lua_State* L, LuaTask& task, bool resumed) {
  auto& self = ObjectKind::At<LuaSemaphore>(L, 1);
  const auto permits = static_cast<size_t>(lua_tointeger(L, 2));
  if (!resumed && self->TryAcquire(permits)) {
    TellWitness(Runtime::Of(L), self, permits);
    return LuaStep::Done(PushTrue(L));
  }
  const Step step = self->Acquire(self.TurnOf(task, "a semaphore"), permits);
  if (step.done()) TellWitness(Runtime::Of(L), self, permits);
  return FinishSync(L, self, task, step);
}

constexpr Verb kAcquire = {.name = "semaphore:acquire",
                           .wait = 3,
                           .step = AcquireStep,
                           .give_up = LeaveSync<LuaSemaphore>};

int Acquire(lua_State* L) {
  const size_t permits = CheckPermits(L, CheckSemaphore(L));
  NormalizeWait(L, 3);
  lua_pushinteger(L, static_cast<lua_Integer>(permits));
  lua_replace(L, 2);
  return Drive(L, Runtime::Of(L), kAcquire);
}

int TryAcquire(lua_State* L) {
  LuaSemaphore& self = CheckSemaphore(L);
  const size_t permits = CheckPermits(L, self);
  if (!self->TryAcquire(permits)) return Failed(L, "busy").results;
  TellWitness(Runtime::Of(L), self, permits);
  return PushTrue(L);
}

int Release(lua_State* L) {
  LuaSemaphore& self = CheckSemaphore(L);
  if (!self->Release(CheckPermits(L, self))) {
    return luaL_error(L, "semaphore:release: more than was acquired");
  }
  return PushTrue(L);
}

int Available(lua_State* L) {
  const size_t count = CheckSemaphore(L)->available();
  return PushCount(L, static_cast<int64_t>(count));
}

constexpr luaL_Reg kSemaphoreMethods[] = {{"acquire", Acquire},
                                          {"try_acquire", TryAcquire},
                                          {"release", Release},
                                          {"available", Available},
                                          {nullptr, nullptr}};
constexpr luaL_Reg kSemaphoreMeta[] = {
    {"__gc", CollectSync<LuaSemaphore, &SyncKinds::semaphore>},
    {nullptr, nullptr}};

// Waiting for an event or a wait group: 1 the object, 2 and 3 the driver's.

template <typename T, ObjectKind SyncKinds::*kind>
LuaStep WaitStep(lua_State* L, LuaTask& task, bool) {
  auto& self = ObjectKind::At<Meeting<T>>(L, 1);
  const char* const what =
      kind == &SyncKinds::event ? "an event" : "a wait group";
  return FinishSync(L, self, task, self->Wait(self.TurnOf(task, what)));
}

template <const Verb& verb, typename T, ObjectKind SyncKinds::*kind>
int Wait(lua_State* L) {
  CheckSync<Meeting<T>, kind>(L);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), verb);
}

// Events.

using LuaEvent = Meeting<Event>;

LuaEvent& CheckEvent(lua_State* L) {
  return CheckSync<LuaEvent, &SyncKinds::event>(L);
}

int NewEvent(lua_State* L) {
  return New<Event, &SyncKinds::event>(L, "lev.event");
}

int SetEvent(lua_State* L) {
  CheckEvent(L)->Set();
  return PushTrue(L);
}

int ClearEvent(lua_State* L) {
  CheckEvent(L)->Clear();
  return PushTrue(L);
}

int IsSet(lua_State* L) {
  lua_pushboolean(L, CheckEvent(L)->set());
  return 1;
}

constexpr Verb kEventWait = {.name = "event:wait",
                             .wait = 2,
                             .step = WaitStep<Event, &SyncKinds::event>,
                             .give_up = LeaveSync<LuaEvent>};

constexpr luaL_Reg kEventMethods[] = {
    {"set", SetEvent},
    {"clear", ClearEvent},
    {"is_set", IsSet},
    {"wait", Wait<kEventWait, Event, &SyncKinds::event>},
    {nullptr, nullptr}};
constexpr luaL_Reg kEventMeta[] = {
    {"__gc", CollectSync<LuaEvent, &SyncKinds::event>}, {nullptr, nullptr}};

// Wait groups.

using LuaWaitGroup = Meeting<WaitGroup>;

LuaWaitGroup& CheckWaitGroup(lua_State* L) {
  return CheckSync<LuaWaitGroup, &SyncKinds::waitgroup>(L);
}

int NewWaitGroup(lua_State* L) {
  return New<WaitGroup, &SyncKinds::waitgroup>(L, "lev.waitgroup");
}

int Change(lua_State* L, const char* name, int64_t delta) {
  LuaWaitGroup& self = CheckWaitGroup(L);
  if (!self->Add(delta)) {
    return luaL_error(L, "waitgroup:%s: the count would be negative", name);
  }
  return PushCount(L, self->count());
}

int Add(lua_State* L) {
  CheckWaitGroup(L);
  constexpr lua_Integer kMost = 1LL << 53;
  return Change(L, "add", OptCount(L, 2, -kMost, kMost));
}

int DoneOne(lua_State* L) { return Change(L, "done", -1); }

int Count(lua_State* L) { return PushCount(L, CheckWaitGroup(L)->count()); }

constexpr Verb kGroupWait = {.name = "waitgroup:wait",
                             .wait = 2,
                             .step = WaitStep<WaitGroup, &SyncKinds::waitgroup>,
                             .give_up = LeaveSync<LuaWaitGroup>};

constexpr luaL_Reg kGroupMethods[] = {
    {"add", Add},
    {"done", DoneOne},
    {"count", Count},
    {"wait", Wait<kGroupWait, WaitGroup, &SyncKinds::waitgroup>},
    {nullptr, nullptr}};
constexpr luaL_Reg kGroupMeta[] = {
    {"__gc", CollectSync<LuaWaitGroup, &SyncKinds::waitgroup>},
    {nullptr, nullptr}};

// Barriers.

using LuaBarrier = Meeting<Barrier>;

int NewBarrier(lua_State* L) {
  const lua_Integer parties = CheckInteger(L, 1, 1, LUA_MAXINTEGER);
  return New<Barrier, &SyncKinds::barrier>(L, "lev.barrier",
                                           static_cast<size_t>(parties));
}

LuaStep BarrierStep(lua_State* L, LuaTask& task, bool) {
  auto& self = ObjectKind::At<LuaBarrier>(L, 1);
  Turn& turn = self.TurnOf(task, "a barrier");
  const Step step = self->Wait(turn);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  const size_t number = turn.amount;
  self.Leave(task);
  return LuaStep::Done(PushCount(L, static_cast<int64_t>(number)));
}

constexpr Verb kBarrierWait = {.name = "barrier:wait",
                               .wait = 2,
                               .step = BarrierStep,
                               .give_up = LeaveSync<LuaBarrier>};

constexpr luaL_Reg kBarrierMethods[] = {
    {"wait", Wait<kBarrierWait, Barrier, &SyncKinds::barrier>},
    {nullptr, nullptr}};
constexpr luaL_Reg kBarrierMeta[] = {
    {"__gc", CollectSync<LuaBarrier, &SyncKinds::barrier>}, {nullptr, nullptr}};

constexpr luaL_Reg kFunctions[] = {{"semaphore", NewSemaphore},
                                   {"event", NewEvent},
                                   {"waitgroup", NewWaitGroup},
                                   {"barrier", NewBarrier},
                                   {nullptr, nullptr}};

}  // namespace

void OpenMeetings(lua_State* L, Runtime& runtime) {
  SyncKinds& kinds = runtime.sync;
  kinds.semaphore.Register(L, "lev.semaphore", kSemaphoreMethods,
                           kSemaphoreMeta);
  kinds.event.Register(L, "lev.event", kEventMethods, kEventMeta);
  kinds.waitgroup.Register(L, "lev.waitgroup", kGroupMethods, kGroupMeta);
  kinds.barrier.Register(L, "lev.barrier", kBarrierMethods, kBarrierMeta);
  AddTwins(L, kinds.semaphore, {"acquire"});
  AddTwins(L, kinds.event, {"wait"});
  AddTwins(L, kinds.waitgroup, {"wait"});
  AddTwins(L, kinds.barrier, {"wait"});
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
