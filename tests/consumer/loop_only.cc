// Uses lev/loop alone: sleeps for an hour, in virtual time.

#include <cstdio>

#include "lev/loop/event_loop.h"
#include "lev/loop/fake_poller.h"

namespace {

class Sleeper final : public lev::Waiter {
 public:
  explicit Sleeper(lev::EventLoop& loop) : Waiter(loop) {
    loop.Park(*this, {}, lev::After(loop.now(), 3600 * lev::kSecond));
  }
  bool woke() const { return woke_; }

 private:
  void Run() override { woke_ = true; }

  bool woke_ = false;
};

}  // namespace

int main() {
  lev::FakeClock clock;
  lev::FakePoller poller(clock);
  lev::EventLoop loop(clock, poller);
  Sleeper sleeper(loop);
  const bool ok =
      loop.Run().ok() && sleeper.woke() && clock.Now() == 3600 * lev::kSecond;
  std::puts(ok ? "slept" : "did not sleep");
  return ok ? 0 : 1;
}
