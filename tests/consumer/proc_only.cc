// Uses lev/proc alone: a program that is fed, and what it says.

#include <cstdio>
#include <utility>

#include "absl/types/span.h"
#include "lev/loop/clock.h"
#include "lev/loop/epoll_poller.h"
#include "lev/loop/event_loop.h"
#include "lev/proc/capture.h"
#include "lev/proc/signal_source.h"
#include "lev/proc/spawn.h"
#include "lev/proc/stdio.h"

namespace {

// Waits until a program has ended.
class Patient final : public lev::Waiter {
 public:
  Patient(lev::EventLoop& loop, lev::Capture& capture)
      : Waiter(loop), capture_(capture) {
    loop.Schedule(*this);
  }
  bool done() const { return done_; }

 private:
  void Run() override {
    const lev::Step step = capture_.Wait();
    if (step.blocked()) return loop().Park(*this, *step.list);
    done_ = step.done();
  }

  lev::Capture& capture_;
  bool done_ = false;
};

}  // namespace

int main() {
  lev::MonotonicClock clock;
  const auto poller = lev::EpollPoller::Create();
  lev::EventLoop loop(clock, **poller);
  lev::SignalSource signals(loop);
  auto input = lev::OpenPipeToChild();
  auto output = lev::OpenPipeFromChild();
  lev::SpawnOptions program;
  program.program = "tr";
  program.argv = {"tr", "a-z", "A-Z"};
  program.stdio = {input->childs.get(), output->childs.get(), 2};
  auto spawned = lev::Spawn(program);
  input->childs.Close();
  output->childs.Close();
  char scratch[4096];
  lev::CaptureOptions options;
  options.input = "hello";
  lev::Capture capture(
      loop, *std::move(spawned),
      {std::move(input->ours), std::move(output->ours), lev::OwnedFd()},
      absl::MakeSpan(scratch), std::move(options));
  const Patient patient(loop, capture);
  const bool ok = signals.Add(SIGTERM).ok() && loop.Run().ok() &&
                  patient.done() && capture.output() == "HELLO";
  std::puts(ok ? "ran" : "did not run");
  return ok ? 0 : 1;
}
