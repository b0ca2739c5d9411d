#include "lev/lua/lua_task_scope.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {

LuaScope::LuaScope(Runtime& runtime, TaskScope& scope) : scope_(&scope) {
  runtime.Own(*this);
  scope.handle_ = this;
}

LuaScope::~LuaScope() {
  if (scope_ != nullptr) scope_->handle_ = nullptr;
}

TaskScope* LuaScope::scope() const {
  return scope_ != nullptr && scope_->open() ? scope_ : nullptr;
}

TaskScope::TaskScope(LuaTask& owner, Policy policy, bool around)
    : Scope(owner, policy, around),
      cancels_(policy == Policy::kCancelOnError) {}

TaskScope::~TaskScope() {
  if (handle_ != nullptr) handle_->scope_ = nullptr;
  if (failed_ != nullptr) failed_->Unpin();
}

void TaskScope::SetDeadline(Instant deadline, Nanos grace) {
  alarm_.emplace(*this, deadline, grace);
}

// Its handles may all be dropped before anybody asks.
void TaskScope::FirstFailed(Task& child) {
  failed_ = static_cast<LuaTask*>(&child);
  failed_->Pin();
  if (!cancels_ || cancelled()) return;
  Cancel(std::make_unique<CancelReason>(
      absl::StrCat(failed_->Describe(), " failed")));
}

TaskScope::Alarm::Alarm(TaskScope& scope, Instant deadline, Nanos grace)
    : Waiter(scope.loop()), scope_(scope), deadline_(deadline), grace_(grace) {
  loop().Park(*this, {}, deadline);
}

void TaskScope::Alarm::Run() {
  if (rung_) return scope_.AbortAll();
  rung_ = true;
  const Instant end = After(loop().now(), grace_);
  if (end != kNever) loop().Park(*this, {}, end);
  scope_.timed_out_ = !scope_.cancelled();
  scope_.Cancel(std::make_unique<CancelReason>("timeout"));
}

}  // namespace lev::lua
