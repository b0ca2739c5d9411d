// Says who waits for what when nothing can go on.

#ifndef LEV_OBSERVE_DEADLOCK_REPORT_H_
#define LEV_OBSERVE_DEADLOCK_REPORT_H_

#include <string>

#include "lev/task/scope.h"

namespace lev {

// "deadlock: " and, for the tasks of `root`, the scopes they have open and
// so on, what each waits for; the first twenty, and how many more.
std::string DescribeDeadlock(const Scope& root);

}  // namespace lev

#endif  // LEV_OBSERVE_DEADLOCK_REPORT_H_
