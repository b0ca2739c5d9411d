// How a dump of tasks reads.

#ifndef LEV_OBSERVE_TASK_DUMP_H_
#define LEV_OBSERVE_TASK_DUMP_H_

#include <string>

#include "absl/types/span.h"
#include "lev/observe/task_info.h"

namespace lev {

// One line a task, and below it, indented by four or more, what it waits for,
// where it stands, and where it was spawned:
//
//   === LEV task dump ===
//     task #1 "main"  status=pending  co=suspended  detached=false  parent=none
//       waits for a timer in lev.sleep, for 1.234 s, deadline in 28.766 s
//       stack traceback:
//         [C]: in function 'lev.sleep'
//         app.lua:9: in function <app.lua:3>
//       spawned at app.lua:3
//   === end dump ===
//
// (less the two columns of this comment). In a test on a network in memory, `on
// host NAME` is the first of these. What is not known is left out. No newline
// at its end. What would break a line is escaped in names.
std::string FormatText(absl::Span<const TaskInfo> tasks);

// The same in one line: an array of objects with the fields `id`, `name`,
// `status`, `detached`, `parent_id`, `co_status`, `wait` (`on`, `verb`,
// `object`, `since`, `deadline`), `spawned_at`, `traceback`. What there is not
// is null. What is not UTF-8 is replaced.
std::string FormatJson(absl::Span<const TaskInfo> tasks);

}  // namespace lev

#endif  // LEV_OBSERVE_TASK_DUMP_H_
