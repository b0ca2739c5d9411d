// Visits the tasks that are alive.

#ifndef LEV_OBSERVE_TASK_WALK_H_
#define LEV_OBSERVE_TASK_WALK_H_

#include "absl/functional/function_ref.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"

namespace lev {

// The tasks of `root`, in the order in which they joined, each before those in
// the scopes it has open (the outermost scope first). `visit` begins and ends
// none. No recursion: tasks may be nested as deep as a program likes.
void ForEachTask(const Scope& root, absl::FunctionRef<void(Task&)> visit);

}  // namespace lev

#endif  // LEV_OBSERVE_TASK_WALK_H_
