// A task whose computation is a Lua coroutine. One of the two places in lev
// that suspend.
//
// It lives in a userdata, which is also its handle. While it is pending the
// runtime keeps it alive; afterwards only its handles do. The userdata has no
// finalizer (that would double the cost of a task): all that a task owns is
// freed when it ends.
//
// The userdata's user value is what the task needs at the time: before it
// begins, its function (packed with the arguments, if any); while suspended,
// its thread; when ended, its outcome.

#ifndef LEV_LUA_LUA_TASK_H_
#define LEV_LUA_LUA_TASK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/waiter.h"
#include "lev/lua/lua_choice.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_task_scope.h"
#include "lev/task/cleanup_list.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"

namespace lev::lua {

class Runtime;
struct Verb;

class LuaTask final : public Task {
 public:
  // Makes a task of the function at `function` and the `extra` values on top
  // of the stack (its arguments), replaces these by its handle, and schedules
  // it. May raise, and has done nothing then.
  static LuaTask& Spawn(lua_State* L, Runtime& runtime, Scope& scope,
                        int function, int extra);

  // Null before it begins and after it ends.
  lua_State* thread() const { return thread_; }
  // The innermost coroutine whose waits lev.coroutine passes on to the task,
  // or null. Where a verb is suspended: there, or else in the thread.
  lua_State* guest() const { return guest_; }
  void set_guest(lua_State* guest) { guest_ = guest; }
  lua_State* innermost() const { return guest_ ? guest_ : thread_; }

  // Pushes kSelfSize values, the last of which is its userdata. The runtime
  // still keeps it alive.
  void PushSelf(lua_State* L) const;
  static constexpr int kSelfSize = 2;

  std::string name() const override;
  // Names the task whose userdata is at `index`. May raise.
  void SetName(lua_State* L, int index, const char* name);

  // What runs when the task ends; only while it is pending.
  CleanupList<LuaCleanup>& cleanups() { return extras().cleanups; }

  // Errors are logged when it ends.
  void Detach() { detached_ = true; }
  bool detached() const { return detached_; }

  // Somebody has seen, or will see, how it ended.
  void Observe() { observed_ = true; }
  bool observed() const { return observed_; }

  // Pushes its outcome, as `await` returns it: results; nil, error, traceback;
  // nil, "cancelled", reason; nil, "aborted". Returns their count. The task
  // has ended, and its userdata is at `index`.
  int PushOutcome(lua_State* L, int index);

  // Seconds since it was spawned, until it ended.
  double elapsed() const {
    const Nanos took = ended() ? spawned_ : loop().FreshNow() - spawned_;
    return static_cast<double>(took) / kSecond;
  }

  // Logs how it failed; it has, and the runtime still keeps it alive.
  void LogFailure(Runtime& runtime);
  // The runtime stops keeping it alive. It has ended.
  void Release();

  // The state is closing while code of this task runs: ends it, and what is
  // in its scopes, without touching Lua. No effect if it has ended.
  void Drop();

  // Opens a scope inside those it has open; the innermost one; closes that,
  // whose children have ended.
  TaskScope& OpenScope(Scope::Policy policy, bool around = false);
  TaskScope& innermost_scope() { return *extras_->scopes.back(); }
  bool IsInnermost(const TaskScope& scope) const {
    return extras_ != nullptr && !extras_->scopes.empty() &&
           extras_->scopes.back().get() == &scope;
  }
  void CloseScope() { extras_->scopes.pop_back(); }

  // A coroutine.yield of the user's own gives up a turn, instead of waiting for
  // a cancellation.
  void YieldTurns() { yields_turns_ = true; }

  // Between these, the runtime keeps it alive although it has ended.
  void Pin() { pinned_ = true; }
  void Unpin() {
    pinned_ = false;
    if (!released_) return;
    released_ = false;
    Release();
  }

  // It has values in Runtime::PushLocals, which its spawns inherit.
  bool has_locals() const { return has_locals_; }
  void set_has_locals() { has_locals_ = true; }

  // For a wait for two lists.
  absl::Span<Arm> arms() { return absl::MakeSpan(extras().arms); }

  // The choice that it has made last, or is making; null if none.
  LuaChoice* choice() const {
    return extras_ == nullptr ? nullptr : extras_->choice.get();
  }
  void BeginChoice(size_t members) {
    if (choice() == nullptr) extras().choice = std::make_unique<LuaChoice>();
    choice()->Begin(members);
  }

  // Identifies the call that is being tried to the objects it is about: the
  // task itself, as it blocks in one call at a time, or a choice's member.
  const void* call() const {
    LuaChoice* const made = choice();
    const bool member = made != nullptr && made->current() != nullptr;
    return member ? static_cast<const void*>(made->current()) : this;
  }
  // The group of that call's turns, if it has one.
  TurnGroup* turn_group() const {
    return call() == this ? nullptr : &choice()->group();
  }

  // The verb that is suspended now, or null.
  const Verb* verb() const { return verb_; }
  void set_verb(const Verb* verb) { verb_ = verb; }

  // A call begins to wait. It may be woken many times before it is done.
  void BeginWait() { waiting_since_ = loop().now(); }
  Instant waiting_since() const { return waiting_since_; }

  // It has taken a lock, or let one go. Those it ends with are taken from it.
  void AddLocks(int count) { locks_ += count; }

  // Where it was spawned: SpawnSites::Describe knows.
  uint32_t site() const { return site_; }

  // How often its coroutine was begun or resumed. Who sees it grow knows that
  // the task has suspended anew.
  uint32_t runs() const { return runs_; }

 private:
  enum class Phase : uint8_t {
    kNew,       // Not begun.
    kBody,      // In its function.
    kCleanups,  // In its cleanups; the outcome waits at the stack's bottom.
  };

  struct Extras {
    std::string name;
    CleanupList<LuaCleanup> cleanups;
    std::vector<std::unique_ptr<TaskScope>> scopes;  // The innermost last.
    std::unique_ptr<LuaChoice> choice;
    Arm arms[2];
  };

  struct Failure;  // How a body's error becomes an outcome.

  LuaTask(Runtime& runtime, Scope& scope, uint32_t slot, uint32_t site,
          bool packed);

  Extras& extras();
  void Proceed() override;
  void DestroyComputation() override;
  void Begin();
  bool WasClosed() const;
  void PushFunction(int arguments);
  void Resume(int arguments);
  void Suspended(int yielded);
  void TakeThread();
  void BodyEnded(int status, int results);
  void CatchError();
  void CancelRawYield();
  void Unwind();
  void AbandonScopes();
  bool BeginCleanups();
  void CleanupsFailed();
  void Conclude();
  void ReturnThread();
  void SetUserValue(lua_State* L);
  void FailWithoutMemory();
  void Ended(bool joined) override;
  void LoseLocks();

  static int AddThread(lua_State* L);
  static int MakeFailure(lua_State* L);
  static int PackOutcome(lua_State* L);
  static int FailureText(lua_State* L);

  Runtime& runtime_;
  lua_State* thread_ = nullptr;
  lua_State* guest_ = nullptr;
  const Verb* verb_ = nullptr;
  std::unique_ptr<Extras> extras_;
  Instant spawned_;  // Once ended: how long it took.
  Instant waiting_since_;
  const uint32_t slot_;
  const uint32_t site_;
  int outcome_size_ = 0;  // Values of the outcome.
  int locks_ = 0;         // That it holds.
  uint32_t runs_ = 0;
  Status outcome_ = Status::kDone;
  Phase phase_ = Phase::kNew;
  bool packed_ : 1;               // The user value is a table of values.
  bool owns_thread_ : 1 = false;  // Took it from the pool.
  bool raw_yield_ : 1 = false;  // Suspended by the user's own coroutine.yield.
  bool yields_turns_ : 1 = false;
  bool detached_ : 1 = false;
  bool observed_ : 1 = false;
  bool pinned_ : 1 = false;
  bool released_ : 1 = false;  // While it was pinned.
  bool has_locals_ : 1 = false;
};

// Makes the thread that lends its stack (ThreadPool). The runtime is on top of
// the stack. May raise.
void OpenAside(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TASK_H_
