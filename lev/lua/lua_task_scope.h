// A scope that a Lua task has open, and its handle.
//
// The task owns the scope, so that it ends with the task whatever Lua does. The
// handle, a userdata, may outlive it: the two know of each other, and whichever
// goes first tells the other.

#ifndef LEV_LUA_LUA_TASK_SCOPE_H_
#define LEV_LUA_LUA_TASK_SCOPE_H_

#include <memory>
#include <optional>

#include "lev/loop/clock.h"
#include "lev/loop/waiter.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_ref.h"
#include "lev/task/cleanup_list.h"
#include "lev/task/scope.h"

namespace lev::lua {

class LuaTask;
class TaskScope;

// One registered cleanup: a resource to close, or a function to call.
struct LuaCleanup {
  bool close = false;
  LuaRef value;
};

// What Lua has in its hands. It is of no use once the scope is gone.
class LuaScope final : public Boxed {
 public:
  LuaScope(Runtime& runtime, TaskScope& scope);
  ~LuaScope() override;

  // Null once the scope is closed.
  TaskScope* scope() const;
  Instant deadline() const { return deadline_; }
  void set_deadline(Instant deadline) { deadline_ = deadline; }
  // It has no function: its end is where its handle is closed.
  bool is_block() const { return is_block_; }
  void BecomeBlock() { is_block_ = true; }

 private:
  friend class TaskScope;

  TaskScope* scope_;
  bool is_block_ = false;
  Instant deadline_ = kNever;
};

class TaskScope final : public Scope {
 public:
  TaskScope(LuaTask& owner, Policy policy, bool around);
  ~TaskScope() override;

  // What runs when it ends.
  CleanupList<LuaCleanup>& cleanups() { return cleanups_; }

  // At the deadline the scope is cancelled, with the reason "timeout"; after
  // the grace period, what is left of it is aborted.
  void SetDeadline(Instant deadline, Nanos grace);
  bool timed_out() const { return timed_out_; }

  // Whether an error of a child cancels it.
  bool cancels() const { return cancels_; }

  // The first child that failed; it and its outcome last as long as the scope.
  // Null if there is none.
  LuaTask* failed() const { return failed_; }

  // How its body went.
  bool body_failed = false;  // It raised an error.
  // Whether it had ended before its children; nothing while it runs.
  std::optional<bool> left_children;

 private:
  friend class LuaScope;

  class Alarm final : public Waiter {
   public:
    Alarm(TaskScope& scope, Instant deadline, Nanos grace);

   private:
    void Run() override;

    TaskScope& scope_;
    const Instant deadline_;
    const Nanos grace_;
    bool rung_ = false;
  };

  void FirstFailed(Task& child) override;

  const bool cancels_;
  bool timed_out_ = false;  // And that is why it was cancelled.
  CleanupList<LuaCleanup> cleanups_;
  LuaTask* failed_ = nullptr;
  LuaScope* handle_ = nullptr;
  std::optional<Alarm> alarm_;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TASK_SCOPE_H_
