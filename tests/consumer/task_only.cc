// Uses lev/task alone: a task that is cancelled with its scope.

#include <cstdio>
#include <string>

#include "lev/loop/event_loop.h"
#include "lev/loop/fake_poller.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"

namespace {

// Waits until it is cancelled.
class Patient final : public lev::Task {
 public:
  explicit Patient(lev::Scope& scope) : Task(scope, 1, 0) {
    loop().Schedule(*this);
  }
  std::string name() const override { return "patient"; }

 private:
  void Proceed() override {
    if (cancel_pending()) return End(Status::kCancelled);
    loop().Park(*this, {});
  }
  void DestroyComputation() override {}
};

}  // namespace

int main() {
  lev::FakeClock clock;
  lev::FakePoller poller(clock);
  lev::EventLoop loop(clock, poller);
  lev::Scope scope(loop);
  Patient task(scope);
  const bool deadlock = !loop.Run().ok();
  scope.Cancel();
  const bool ok = deadlock && loop.Run().ok() &&
                  task.status() == lev::Task::Status::kCancelled;
  std::puts(ok ? "cancelled" : "was not cancelled");
  return ok ? 0 : 1;
}
