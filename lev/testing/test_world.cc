#include "lev/testing/test_world.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "lev/observe/deadlock_report.h"
#include "lev/observe/task_dump.h"
#include "lev/observe/task_info.h"
#include "lev/observe/task_walk.h"

namespace lev {
namespace {

std::string DumpOf(const Scope& root) {
  std::vector<TaskInfo> tasks;
  ForEachTask(root, [&](Task& task) { tasks.push_back(Describe(task)); });
  return FormatText(tasks);
}

}  // namespace

TestWorld::TestWorld(Options options)
    : options_(options),
      network_(clock_, fake_, {.seed = options.seed, .trace = options.trace}),
      host_(network_.AddHost("main")),
      loop_(clock_, poller_, {.seed = options.seed}),
      root_(loop_) {}

TestWorld::~TestWorld() { root_.AbortAll(); }

absl::Status TestWorld::Wrong(const std::string& what) const {
  return absl::FailedPreconditionError(
      absl::StrCat("seed ", options_.seed, ": ", what));
}

absl::Status TestWorld::Run() {
  poller_.SetHorizon(After(clock_.Now(), options_.limit));
  const absl::Status ran = loop_.Run();
  if (ran.ok()) return CheckLeaks();
  const std::string why =
      poller_.reached_horizon()
          ? absl::StrCat("not ended after ", options_.limit / kSecond, " s")
          : DescribeDeadlock(root_);
  return Wrong(absl::StrCat(why, "\n", DumpOf(root_)));
}

void TestWorld::RunFor(Nanos duration) {
  poller_.SetHorizon(After(clock_.Now(), duration));
  loop_.Run().IgnoreError();
}

absl::Status TestWorld::CheckLeaks() {
  const EventLoop::Stats stats = loop_.stats();
  std::string left;
  const auto count = [&](size_t number, const char* what) {
    if (number == 0) return;
    absl::StrAppend(&left, left.empty() ? "" : ", ", number, " ", what);
  };
  count(root_.live(), "tasks");
  count(stats.timers, "timers");
  count(network_.open_descriptors(), "descriptors");
  if (left.empty()) return absl::OkStatus();
  return Wrong(absl::StrCat("left at the end: ", left));
}

}  // namespace lev
