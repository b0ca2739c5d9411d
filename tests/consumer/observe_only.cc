// Uses lev/observe alone: a dump of two tasks that wait.

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "lev/loop/event_loop.h"
#include "lev/loop/fake_poller.h"
#include "lev/observe/task_dump.h"
#include "lev/observe/task_walk.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"

namespace {

// Waits for nothing.
class Idler final : public lev::Task {
 public:
  Idler(lev::Scope& scope, uint32_t id, std::string name)
      : Task(scope, id, 0), name_(std::move(name)) {
    loop().Schedule(*this);
  }
  std::string name() const override { return name_; }

 private:
  void Proceed() override { loop().Park(*this, {}); }
  void DestroyComputation() override {}

  const std::string name_;
};

bool Has(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}

}  // namespace

int main() {
  lev::FakeClock clock;
  lev::FakePoller poller(clock);
  lev::EventLoop loop(clock, poller);
  lev::Scope scope(loop);
  Idler first(scope, 1, "first");
  Idler second(scope, 2, "second");
  const bool deadlock = !loop.Run().ok();
  std::vector<lev::TaskInfo> tasks;
  lev::ForEachTask(scope, [&](const lev::Task& task) {
    tasks.push_back(lev::Describe(task));
  });
  scope.AbortAll();
  const std::string text = lev::FormatText(tasks);
  const bool ok = deadlock &&
                  Has(text, "  task #1 \"first\"  status=pending") &&
                  Has(text, "    waits for nothing") &&
                  Has(lev::FormatJson(tasks), R"("name":"second")");
  std::puts(ok ? "dumped" : "did not dump");
  return ok ? 0 : 1;
}
