// What there is to say of a task that is alive: a copy, which refers to
// nothing and may be printed whenever one likes.
//
// Describe knows what every task knows. Who runs the tasks (the Lua room) adds
// what only it knows: the call that waits, the coroutine, the traceback.

#ifndef LEV_OBSERVE_TASK_INFO_H_
#define LEV_OBSERVE_TASK_INFO_H_

#include <cstdint>
#include <optional>
#include <string>

#include "lev/task/task.h"

namespace lev {

// What a task waits for.
struct TaskWait {
  std::string on;      // "fd 7 to be readable", "task #2", "its turn"
  std::string verb;    // "socket:recv"; empty if not known
  std::string object;  // What the verb is called on: "lev.tcp: fd 7, ..."
  std::optional<double> since;     // For how many seconds it has waited.
  std::optional<double> deadline;  // In how many seconds it gives up.
};

// Empty strings stand for what there is not.
struct TaskInfo {
  uint32_t id = 0;
  std::string name;
  std::string status;
  bool detached = false;
  uint32_t parent_id = 0;        // 0: none
  std::string co_status;         // As coroutine.status says.
  std::optional<TaskWait> wait;  // None while it runs.
  std::string spawned_at;        // "file.lua:12"
  std::string traceback;
  std::string host;  // In a test: the machine of the network it is on.
};

// All but `detached`, `co_status`, `spawned_at`, `traceback` and `host`; of the
// wait, `on` and `deadline`.
TaskInfo Describe(const Task& task);

}  // namespace lev

#endif  // LEV_OBSERVE_TASK_INFO_H_
