// Uses lev/task:co alone: coroutines in virtual time, one of which throws, for
// lev's users may.

#include <cstdio>
#include <stdexcept>
#include <string>

#include "lev/loop/event_loop.h"
#include "lev/loop/fake_poller.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_verbs.h"
#include "lev/task/co_when.h"

namespace {

lev::Co<int> After(lev::Nanos time, int value) {
  const absl::Status slept = co_await lev::Sleep(time);
  if (!slept.ok()) throw std::runtime_error("was cancelled");
  co_return value;
}

lev::Co<bool> Main() {
  auto first = co_await lev::WhenAny(After(5, 1), After(3, 2));
  bool caught = false;
  try {
    auto late = co_await lev::WithTimeout(2, After(9, 3));
    static_cast<void>(late);
  } catch (const std::runtime_error& error) {
    caught = error.what() == std::string("was cancelled");
  }
  co_return first.index() == 1 && caught;
}

}  // namespace

int main() {
  lev::FakeClock clock;
  lev::FakePoller poller(clock);
  lev::EventLoop loop(clock, poller);
  lev::CoScope root(loop);
  auto task = lev::Spawn(root, "main", Main);
  const bool ok = loop.Run().ok() && task.outcome().ok() && *task.outcome();
  std::puts(ok ? "caught" : "did not catch");
  return ok ? 0 : 1;
}
