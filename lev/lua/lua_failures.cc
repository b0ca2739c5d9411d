#include "lev/lua/lua_failures.h"

#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"

namespace lev::lua {

void FailureLog::Add(Runtime& runtime, LuaTask& task) {
  tasks_.push_back(&task);
  if (tasks_.size() > kMost) ReportOldest(runtime);
}

void FailureLog::ReportAll(Runtime& runtime) {
  while (!tasks_.empty()) ReportOldest(runtime);
}

void FailureLog::ReportOldest(Runtime& runtime) {
  LuaTask& task = *tasks_.front();
  tasks_.erase(tasks_.begin());
  if (!task.observed() && !runtime.closing()) task.LogFailure(runtime);
  task.Release();
}

}  // namespace lev::lua
