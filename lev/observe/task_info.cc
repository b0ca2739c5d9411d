#include "lev/observe/task_info.h"

#include <algorithm>

#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"

namespace lev {

TaskInfo Describe(const Task& task) {
  TaskInfo info;
  info.id = task.id();
  info.name = task.name();
  info.status = Task::NameOf(task.status());
  info.parent_id = task.parent_id();
  if (task.state() == Waiter::State::kIdle) return info;
  TaskWait& wait = info.wait.emplace();
  wait.on = task.DescribeSource();
  const Instant deadline = task.deadline();
  if (deadline != kNever) {
    const Nanos left = deadline - task.loop().FreshNow();
    wait.deadline = static_cast<double>(std::max<Nanos>(left, 0)) /
                    static_cast<double>(kSecond);
  }
  return info;
}

}  // namespace lev
