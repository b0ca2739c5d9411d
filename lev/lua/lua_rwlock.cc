#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_locks.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_sync.h"
#include "lev/lua/lua_task.h"
#include "lev/task/semaphore.h"

namespace lev::lua {
namespace {

enum class Mode : uint8_t { kRead, kWrite };

class LuaRwLock final : public Boxed {
 public:
  explicit LuaRwLock(Runtime& runtime) { runtime.Own(*this); }

  bool HeldBy(const LuaTask* task) const { return holders_.contains(task); }

  bool TryLock(LuaTask& task, Mode mode) {
    const bool locked =
        mode == Mode::kRead ? lock_.TryRead() : lock_.TryWrite();
    if (locked) Hold(task, mode);
    return locked;
  }

  // Once done, `task` holds it.
  Step Lock(LuaTask& task, Mode mode) {
    const bool reads = mode == Mode::kRead;
    Turn& turn =
        turns_.Of(task, reads ? "a lock for reading" : "a lock for writing");
    const Step step = reads ? lock_.Read(turn) : lock_.Write(turn);
    if (step.done()) {
      Leave(task);
      Hold(task, mode);
    }
    return step;
  }

  // By a holder.
  void Unlock(LuaTask& task) {
    task.AddLocks(-1);
    Release(task);
  }

  void Leave(const LuaTask& task) { turns_.Drop(task); }
  void LoseTask(const LuaTask& task) override {
    Leave(task);
    if (HeldBy(&task)) Release(task);
  }

  std::string Describe() const override {
    return lock_.writing() ? "writing"
                           : absl::StrCat(lock_.readers(), " reading");
  }

 private:
  void Hold(LuaTask& task, Mode mode) {
    holders_[&task] = mode;
    task.AddLocks(1);
  }
  void Release(const LuaTask& task) {
    const auto place = holders_.find(&task);
    const Mode mode = place->second;
    holders_.erase(place);
    if (mode == Mode::kRead) {
      lock_.UnlockRead();
    } else {
      lock_.UnlockWrite();
    }
  }

  RwLock lock_;
  absl::flat_hash_map<const LuaTask*, Mode> holders_;
  LuaTurns<Turn> turns_;
};

LuaRwLock& Check(lua_State* L) {
  return CheckSync<LuaRwLock, &SyncKinds::rwlock>(L);
}

int NewRwLock(lua_State* L) {
  CheckNotClosing(L, "lev.rwlock");
  ObjectKind::PushBox(L, 0);
  FillSync<LuaRwLock>(L, Runtime::Of(L).sync.rwlock);
  return 1;
}

// Who holds it and waits for it waits for ever.
void CheckNotHeld(lua_State* L, const LuaRwLock& self, const LuaTask& task) {
  if (self.HeldBy(&task)) {
    luaL_error(L, "rwlock: the task holds it already");
  }
}

template <Mode mode>
LuaStep LockStep(lua_State* L, LuaTask& task, bool resumed) {
  auto& self = ObjectKind::At<LuaRwLock>(L, 1);
  if (!resumed) {
    CheckNotHeld(L, self, task);
    if (self.TryLock(task, mode)) {
      lua_pushboolean(L, true);
      return LuaStep::Done(1);
    }
  }
  return FinishSync(L, self, task, self.Lock(task, mode));
}

constexpr Verb kReadLock = {.name = "rwlock:read_lock",
                            .wait = 2,
                            .step = LockStep<Mode::kRead>,
                            .give_up = LeaveSync<LuaRwLock>};
constexpr Verb kWriteLock = {.name = "rwlock:write_lock",
                             .wait = 2,
                             .step = LockStep<Mode::kWrite>,
                             .give_up = LeaveSync<LuaRwLock>};

template <const Verb& verb>
int Lock(lua_State* L) {
  Check(L);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), verb);
}

template <Mode mode>
int TryLock(lua_State* L) {
  LuaRwLock& self = Check(L);
  LuaTask* const task = Runtime::Of(L).acting();
  if (task == nullptr) return luaL_error(L, "rwlock: must be used in a task");
  CheckNotHeld(L, self, *task);
  if (!self.TryLock(*task, mode)) return Failed(L, "busy").results;
  lua_pushboolean(L, true);
  return 1;
}

int Unlock(lua_State* L) {
  LuaRwLock& self = Check(L);
  LuaTask* const task = Runtime::Of(L).acting();
  if (!self.HeldBy(task)) {
    return luaL_error(L, "rwlock:unlock: the task does not hold it");
  }
  self.Unlock(*task);
  lua_pushboolean(L, true);
  return 1;
}

// Of a to-be-closed variable.
int UnlockIfHeld(lua_State* L) {
  LuaRwLock& self = Check(L);
  LuaTask* const task = Runtime::Of(L).acting();
  if (self.HeldBy(task)) self.Unlock(*task);
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"read_lock", Lock<kReadLock>},
                                 {"write_lock", Lock<kWriteLock>},
                                 {"try_read_lock", TryLock<Mode::kRead>},
                                 {"try_write_lock", TryLock<Mode::kWrite>},
                                 {"unlock", Unlock},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__close", UnlockIfHeld},
    {"__gc", CollectSync<LuaRwLock, &SyncKinds::rwlock>},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"rwlock", NewRwLock}, {nullptr, nullptr}};

}  // namespace

void OpenRwLocks(lua_State* L, Runtime& runtime) {
  runtime.sync.rwlock.Register(L, "lev.rwlock", kMethods, kMeta);
  AddTwins(L, runtime.sync.rwlock, {"read_lock", "write_lock"});
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
