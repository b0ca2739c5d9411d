#include "lev/observe/task_walk.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lev {
namespace {

// Puts the tasks of `scope` on top of the stack, the first one uppermost.
void Push(const Scope& scope, std::vector<Task*>& stack) {
  const size_t below = stack.size();
  scope.ForEachChild([&](Task& task) { stack.push_back(&task); });
  std::reverse(stack.begin() + below, stack.end());
}

// The same for the scopes that `task` has open, the outermost one uppermost.
void PushChildren(const Task& task, std::vector<Task*>& stack) {
  task.ForEachOpenScope([&](Scope& scope) { Push(scope, stack); });
}

}  // namespace

void ForEachTask(const Scope& root, absl::FunctionRef<void(Task&)> visit) {
  std::vector<Task*> stack;
  Push(root, stack);
  while (!stack.empty()) {
    Task& task = *stack.back();
    stack.pop_back();
    visit(task);
    PushChildren(task, stack);
  }
}

}  // namespace lev
