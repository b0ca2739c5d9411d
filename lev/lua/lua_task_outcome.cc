// How a Lua task's end is kept and told: its results, or its error with the
// traceback and where it was spawned.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_token.h"
#include "lev/task/witness.h"

namespace lev::lua {
namespace {

absl::string_view FirstLineOf(absl::string_view text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

struct LuaTask::Failure {
  LuaTask& task;
  Status status;
};

// The error value is on top of the failed thread. Leaves the outcome on it.
void LuaTask::CatchError() {
  lua_State* const L = runtime_.host();
  Failure failure = {*this, Status::kFailed};
  // An error's text comes from user code at times, which must find no task.
  if (!runtime_.Protect(MakeFailure, &failure, LUA_MULTRET)) {
    lua_pop(L, 1);
    lua_pushliteral(L, "not enough memory");
    outcome_size_ = 1;
  } else {
    outcome_size_ = failure.status == Status::kCancelled ? 1 : 2;
  }
  outcome_ = failure.status;
  Unwind();
  lua_xmove(L, thread_, outcome_size_);
}

// Protected: returns error and traceback, or the reason of a cancellation.
int LuaTask::MakeFailure(lua_State* L) {
  Failure& failure = *static_cast<Failure*>(lua_touserdata(L, 1));
  LuaTask& task = failure.task;
  Runtime& runtime = task.runtime_;
  lua_State* const thread = task.thread_;
  lua_pushvalue(thread, -1);
  lua_xmove(thread, L, 1);
  if (task.cancelled() && IsCancelled(L, -1, runtime)) {
    failure.status = Status::kCancelled;
    PushReason(L, task.cancel_reason());
    return 1;
  }
  luaL_traceback(L, thread, nullptr, 0);
  lua_pushfstring(L, "\ntask #%d", static_cast<int>(task.id()));
  if (task.extras_ != nullptr && !task.extras_->name.empty()) {
    lua_pushfstring(L, " \"%s\"", task.extras_->name.c_str());
  } else {
    lua_pushliteral(L, "");
  }
  const absl::string_view site = runtime.sites().Describe(task.site_);
  lua_pushstring(L, site.empty() ? "" : ", spawned at ");
  lua_pushlstring(L, site.data(), site.size());
  lua_concat(L, 5);
  return 2;
}

// Protected: the outcome's values as a table, which the user value can hold.
int LuaTask::PackOutcome(lua_State* L) {
  LuaTask& task = *static_cast<LuaTask*>(lua_touserdata(L, 1));
  lua_createtable(L, task.outcome_size_, 0);
  for (int i = 1; i <= task.outcome_size_; ++i) {
    lua_pushvalue(task.thread_, i);
    lua_xmove(task.thread_, L, 1);
    lua_rawseti(L, -2, i);
  }
  return 1;
}

// The error is on top of the host's stack.
void LuaTask::FailWithoutMemory() {
  runtime_.Leave();
  outcome_size_ = 1;
  packed_ = false;
  lua_State* const L = runtime_.host();
  PushSelf(L);
  lua_rotate(L, -1 - kSelfSize, -1);
  SetUserValue(L);
  End(Status::kFailed);
}

int LuaTask::PushOutcome(lua_State* L, int index) {
  const int self = lua_absindex(L, index);
  const int size = outcome_size_;
  luaL_checkstack(L, size + 3, "too many results");
  int pushed = 0;
  if (status() != Status::kDone) {
    lua_pushnil(L);
    ++pushed;
  }
  if (status() == Status::kCancelled || status() == Status::kAborted) {
    lua_pushstring(L, status() == Status::kAborted ? "aborted" : "cancelled");
    ++pushed;
  }
  if (size == 0) return pushed;
  lua_getiuservalue(L, self, 1);
  if (!packed_) return pushed + 1;
  for (int i = 1; i <= size; ++i) lua_rawgeti(L, -i, i);
  lua_remove(L, -1 - size);
  return pushed + size;
}

void LuaTask::LogFailure(Runtime& runtime) {
  // Freed first: the user's code that follows may leave by os.exit.
  const std::string who = Describe();
  extras_.reset();
  lua_State* const L = runtime.host();
  if (!runtime.Protect(FailureText, this, 1)) {
    lua_pop(L, 1);
    lua_pushliteral(L, "not enough memory");
  }
  const char* const text = lua_tostring(L, -1);
  // One of several that failed in a scope, which has told of the first, is no
  // failure of a test.
  Witness* const witness = loop().witness();
  const bool told = witness != nullptr && !detached_ && !unheard();
  if (witness != nullptr && !detached_ && !told) {
    witness->FailedUnheard(who, FirstLineOf(text));
  }
  runtime.logger().Log(runtime, told ? "warn" : "error",
                       absl::StrCat(who, " failed: ", text));
  lua_pop(L, 1);
}

// Protected: the error and its traceback as one text.
int LuaTask::FailureText(lua_State* L) {
  LuaTask& task = *static_cast<LuaTask*>(lua_touserdata(L, 1));
  task.PushSelf(L);
  const int pushed = task.PushOutcome(L, -1);
  if (pushed < 3) {
    luaL_tolstring(L, -1, nullptr);
    return 1;
  }
  luaL_tolstring(L, -2, nullptr);
  lua_pushliteral(L, "\n");
  lua_pushvalue(L, -3);
  lua_concat(L, 3);
  return 1;
}

void LuaTask::LoseLocks() {
  const std::string message =
      absl::StrCat(Describe(), " ended with ", locks_,
                   locks_ == 1 ? " lock" : " locks", ", now released");
  runtime_.LoseTask(*this);
  TestBed* const bed = runtime_.test_bed();
  if (bed != nullptr && bed->HasCrashed(*this)) return;
  runtime_.logger().Log(runtime_, "error", message);
}

}  // namespace lev::lua
