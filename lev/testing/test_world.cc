#include "lev/testing/test_world.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "lev/observe/deadlock_report.h"
#include "lev/observe/task_dump.h"
#include "lev/observe/task_info.h"
#include "lev/observe/task_walk.h"
#include "lev/testing/leftovers.h"

namespace lev {
namespace {

std::string DumpOf(const Scope& root) {
  std::vector<TaskInfo> tasks;
  ForEachTask(root, [&](Task& task) {
    tasks.push_back(Describe(task));
    tasks.back().co_status = "suspended";
  });
  return FormatText(tasks);
}

}  // namespace

TestWorld::TestWorld(Options options)
    : options_(options),
      network_(clock_, fake_, {.seed = options.seed, .trace = options.trace}),
      host_(network_.AddHost("main")),
      loop_(clock_, poller_, {.seed = options.seed, .witness = &witness_}),
      root_(loop_) {}

TestWorld::~TestWorld() { root_.AbortAll(); }

absl::Status TestWorld::Wrong(const std::string& what) const {
  return absl::FailedPreconditionError(
      absl::StrCat("seed ", options_.seed, ": ", what));
}

absl::Status TestWorld::Run() {
  poller_.SetHorizon(After(clock_.Now(), options_.limit));
  return loop_.Run().ok() ? CheckLeaks() : Wrong(DescribeHang());
}

// Failures go first: who failed may be for whom the others wait.
std::string TestWorld::DescribeHang() const {
  std::string text =
      poller_.reached_horizon()
          ? absl::StrCat("not ended after ", options_.limit / kSecond, " s")
          : DescribeDeadlock(root_);
  for (const std::string& failure : witness_.failures()) {
    absl::StrAppend(&text, "\n", failure);
  }
  absl::StrAppend(&text, "\n", DumpOf(root_));
  const std::string open = DescribeDescriptors(network_);
  if (!open.empty()) absl::StrAppend(&text, "\nopen descriptors:", open);
  return text;
}

void TestWorld::RunFor(Nanos duration) {
  poller_.SetHorizon(After(clock_.Now(), duration));
  loop_.Run().IgnoreError();
}

absl::Status TestWorld::CheckLeaks() const {
  Leftovers left;
  witness_.Report(left);
  left.AddTasks(root_);
  left.AddTimers(loop_);
  left.AddDescriptors(network_);
  left.AddProcesses(network_);
  return left.empty() ? absl::OkStatus() : Wrong(left.ToString());
}

}  // namespace lev
