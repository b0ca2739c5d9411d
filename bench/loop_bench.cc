// What the loop's own verbs cost, without any language on top.
//
//   bazel run --config=opt //bench:loop_bench

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "benchmark/benchmark.h"
#include "lev/loop/clock.h"
#include "lev/loop/epoll_poller.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/uring_poller.h"
#include "lev/loop/waiter.h"

namespace lev {
namespace {

class List final : public WaitList {
 public:
  std::string Describe() const override { return "a list"; }
};

// Goes to the back of the ready list until its turns are used up.
class Yielder final : public Waiter {
 public:
  using Waiter::Waiter;
  void Start(int64_t turns) {
    left_ = turns;
    loop().Schedule(*this);
  }

 private:
  void Run() override {
    if (--left_ > 0) loop().Schedule(*this);
  }

  int64_t left_ = 0;
};

// Waits for whatever it is parked on, and stops there.
class Sleeper final : public Waiter {
 public:
  using Waiter::Waiter;

 private:
  void Run() override {}
};

template <typename P = EpollPoller>
struct World {
  World() : poller(*P::Create()), loop(clock, *poller) {}

  MonotonicClock clock;
  std::unique_ptr<P> poller;
  EventLoop loop;
};

constexpr int64_t kTurns = 1000;

// One item: a waiter's turn, polling included.
template <typename P>
void BM_Yield(benchmark::State& state) {
  World<P> world;
  std::vector<std::unique_ptr<Yielder>> waiters;
  for (int i = 0; i < state.range(0); ++i) {
    waiters.push_back(std::make_unique<Yielder>(world.loop));
  }
  for (auto _ : state) {
    for (auto& waiter : waiters) waiter->Start(kTurns);
    if (!world.loop.Run().ok()) state.SkipWithError("the loop failed");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * kTurns);
}
BENCHMARK_TEMPLATE(BM_Yield, EpollPoller)->Arg(2)->Arg(100);
BENCHMARK_TEMPLATE(BM_Yield, UringPoller)->Arg(2)->Arg(100);

// One item: a descriptor that becomes ready (a write of eight bytes) and is
// reported, `range` of them in one Wait.
template <typename P>
void BM_Edges(benchmark::State& state) {
  const auto poller = P::Create().value();
  std::vector<int> fds;
  for (int i = 0; i < state.range(0); ++i) {
    fds.push_back(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!poller->Add(fds.back(), i).ok()) state.SkipWithError("not watched");
  }
  std::vector<PollEvent> events;
  for (auto _ : state) {
    for (const int fd : fds) eventfd_write(fd, 1);
    events.clear();
    while (events.size() < fds.size()) {
      if (!poller->Wait(kNever, events).ok()) state.SkipWithError("no wait");
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  for (const int fd : fds) {
    poller->Remove(fd);
    close(fd);
  }
}
BENCHMARK_TEMPLATE(BM_Edges, EpollPoller)->Arg(1)->Arg(64);
BENCHMARK_TEMPLATE(BM_Edges, UringPoller)->Arg(1)->Arg(64);

// One item: a wait with a timeout that ends before it, among `range` others.
void BM_ParkWithTimeoutAndFire(benchmark::State& state) {
  World<> world;
  List list;
  List others;
  std::mt19937 random(42);
  std::vector<std::unique_ptr<Sleeper>> live;
  for (int i = 0; i < state.range(0); ++i) {
    live.push_back(std::make_unique<Sleeper>(world.loop));
    world.loop.Park(*live.back(), others,
                    world.loop.now() + kSecond * (5 + random() % 55));
  }
  Sleeper waiter(world.loop);
  for (auto _ : state) {
    world.loop.Park(waiter, list, world.loop.now() + 30 * kSecond);
    world.loop.FireOne(list);
    world.loop.Withdraw(waiter);
  }
  live.clear();
}
BENCHMARK(BM_ParkWithTimeoutAndFire)->Arg(0)->Arg(1000)->Arg(100000);

// One item: a sleep in virtual order, from parking to being woken.
void BM_TimersFire(benchmark::State& state) {
  World<> world;
  std::mt19937 random(42);
  std::vector<std::unique_ptr<Sleeper>> sleepers;
  for (int i = 0; i < state.range(0); ++i) {
    sleepers.push_back(std::make_unique<Sleeper>(world.loop));
  }
  for (auto _ : state) {
    const Instant now = world.clock.Now();
    for (auto& sleeper : sleepers) {
      world.loop.Park(*sleeper, {}, now - 1 - random() % kSecond);
    }
    if (!world.loop.Run().ok()) state.SkipWithError("the loop failed");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_TimersFire)->Arg(1000)->Arg(100000);

}  // namespace
}  // namespace lev
