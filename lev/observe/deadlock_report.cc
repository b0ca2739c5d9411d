#include "lev/observe/deadlock_report.h"

#include "absl/strings/str_cat.h"
#include "lev/observe/task_walk.h"
#include "lev/task/task.h"

namespace lev {

std::string DescribeDeadlock(const Scope& root) {
  constexpr int kShown = 20;
  std::string text = "deadlock: ";
  int count = 0;
  ForEachTask(root, [&](const Task& task) {
    if (++count > kShown) return;
    absl::StrAppend(&text, count == 1 ? "" : "; ", task.Describe(),
                    " waits for ", task.DescribeWait());
  });
  if (count > kShown) {
    absl::StrAppend(&text, "; and ", count - kShown, " more");
  }
  return text;
}

}  // namespace lev
