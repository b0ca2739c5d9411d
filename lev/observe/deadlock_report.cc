#include "lev/observe/deadlock_report.h"

#include "absl/strings/str_cat.h"

namespace lev {
namespace {

constexpr int kShown = 20;

void Describe(const Scope& scope, int& count, std::string& text) {
  scope.ForEachChild([&](Task& task) {
    if (++count <= kShown) {
      absl::StrAppend(&text, count == 1 ? "" : "; ", task.Describe(),
                      " waits for ", task.DescribeWait());
    }
    task.ForEachOpenScope([&](Scope& open) { Describe(open, count, text); });
  });
}

}  // namespace

std::string DescribeDeadlock(const Scope& root) {
  std::string text = "deadlock: ";
  int count = 0;
  Describe(root, count, text);
  if (count > kShown) {
    absl::StrAppend(&text, "; and ", count - kShown, " more");
  }
  return text;
}

}  // namespace lev
