// Tasks that failed and that nobody has awaited yet.
//
// No failure vanishes: it is told to whoever awaits the task, and if nobody
// has by the end of the run, to the logger, once. A program that fails for
// ever without looking must not fill the memory: beyond kMost, the oldest is
// logged at once.

#ifndef LEV_LUA_LUA_FAILURES_H_
#define LEV_LUA_LUA_FAILURES_H_

#include <cstddef>
#include <vector>

namespace lev::lua {

class LuaTask;
class Runtime;

class FailureLog {
 public:
  static constexpr size_t kMost = 64;

  // `task` has ended, and stays alive until it is reported.
  void Add(Runtime& runtime, LuaTask& task);

  void ReportAll(Runtime& runtime);

 private:
  void ReportOldest(Runtime& runtime);

  std::vector<LuaTask*> tasks_;  // The oldest first.
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_FAILURES_H_
