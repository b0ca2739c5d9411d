#include "lev/observe/deadlock_report.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lev/task/task.h"

namespace lev {
namespace {

constexpr int kShown = 20;

// Puts the tasks of `scope` on top of the stack, the first one uppermost.
void Push(const Scope& scope, std::vector<const Task*>& stack) {
  const size_t below = stack.size();
  scope.ForEachChild([&](Task& task) { stack.push_back(&task); });
  std::reverse(stack.begin() + below, stack.end());
}

// The same for the scopes that `task` has open, the innermost one uppermost.
void PushChildren(const Task& task, std::vector<const Task*>& stack) {
  std::vector<const Scope*> open;
  task.ForEachOpenScope([&](Scope& scope) { open.push_back(&scope); });
  for (auto scope = open.rbegin(); scope != open.rend(); ++scope) {
    Push(**scope, stack);
  }
}

}  // namespace

std::string DescribeDeadlock(const Scope& root) {
  std::string text = "deadlock: ";
  int count = 0;
  // No recursion: tasks may be nested as deep as a program likes.
  std::vector<const Task*> stack;
  Push(root, stack);
  while (!stack.empty()) {
    const Task& task = *stack.back();
    stack.pop_back();
    if (++count <= kShown) {
      absl::StrAppend(&text, count == 1 ? "" : "; ", task.Describe(),
                      " waits for ", task.DescribeWait());
    }
    PushChildren(task, stack);
  }
  if (count > kShown) {
    absl::StrAppend(&text, "; and ", count - kShown, " more");
  }
  return text;
}

}  // namespace lev
