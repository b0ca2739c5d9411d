#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "lev/observe/task_dump.h"

namespace lev {
namespace {

// The line of the contract, unchanged.
void AppendTask(std::string& text, const TaskInfo& task) {
  absl::StrAppend(&text, "  task #", task.id);
  if (!task.name.empty()) {
    absl::StrAppend(&text, " \"", absl::Utf8SafeCEscape(task.name), "\"");
  }
  absl::StrAppend(&text, "  status=", task.status, "  co=", task.co_status,
                  "  detached=", task.detached ? "true" : "false", "  parent=");
  if (task.parent_id == 0) {
    absl::StrAppend(&text, "none\n");
  } else {
    absl::StrAppend(&text, task.parent_id, "\n");
  }
}

void AppendWait(std::string& text, const TaskWait& wait) {
  absl::StrAppend(&text, "    waits for ", wait.on);
  if (!wait.verb.empty()) absl::StrAppend(&text, " in ", wait.verb);
  if (!wait.object.empty()) absl::StrAppend(&text, " on ", wait.object);
  if (wait.since.has_value()) {
    absl::StrAppendFormat(&text, ", for %.3f s", *wait.since);
  }
  if (wait.deadline.has_value()) {
    absl::StrAppendFormat(&text, ", deadline in %.3f s", *wait.deadline);
  }
  text += '\n';
}

void AppendTraceback(std::string& text, absl::string_view traceback) {
  for (absl::string_view line : absl::StrSplit(traceback, '\n')) {
    absl::StrAppend(&text, "    ");
    while (!line.empty() && line[0] == '\t') {
      absl::StrAppend(&text, "  ");
      line.remove_prefix(1);
    }
    absl::StrAppend(&text, line, "\n");
  }
}

}  // namespace

std::string FormatText(absl::Span<const TaskInfo> tasks) {
  std::string text = "=== LEV task dump ===\n";
  for (const TaskInfo& task : tasks) {
    AppendTask(text, task);
    if (!task.host.empty()) {
      absl::StrAppend(&text, "    on host ", task.host, "\n");
    }
    if (task.wait.has_value()) AppendWait(text, *task.wait);
    if (!task.traceback.empty()) AppendTraceback(text, task.traceback);
    if (!task.spawned_at.empty()) {
      absl::StrAppend(&text, "    spawned at ", task.spawned_at, "\n");
    }
  }
  return text + "=== end dump ===";
}

}  // namespace lev
