// What coroutines cost: a call, a turn, a message. Allocations are counted.
//
//   bazel run --config=opt //bench:co_bench

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "benchmark/benchmark.h"
#include "lev/loop/clock.h"
#include "lev/loop/fake_poller.h"
#include "lev/task/channel.h"
#include "lev/task/co.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_sync.h"
#include "lev/task/co_verbs.h"

namespace {

int64_t allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace lev {
namespace {

constexpr int kTurns = 1000;

struct World {
  FakeClock clock;
  FakePoller poller{clock};
  EventLoop loop{clock, poller};
  CoScope root{loop};
};

// Counts what is allocated while one lives, by items.
class Allocations {
 public:
  Allocations(benchmark::State& state, int64_t items)
      : state_(state), items_(items), before_(allocations) {}
  ~Allocations() {
    const auto all = state_.iterations() * items_;
    state_.SetItemsProcessed(all);
    state_.counters["allocations"] =
        static_cast<double>(allocations - before_) / static_cast<double>(all);
  }

 private:
  benchmark::State& state_;
  const int64_t items_;
  const int64_t before_;
};

Co<> YieldOften() {
  for (int i = 0; i < kTurns; ++i) (co_await Yield()).IgnoreError();
}

// One item: a turn of one of two tasks.
void BM_CoYield(benchmark::State& state) {
  World world;
  const Allocations count(state, 2 * kTurns);
  for (auto _ : state) {
    Spawn(world.root, "", YieldOften);
    Spawn(world.root, "", YieldOften);
    if (!world.loop.Run().ok()) state.SkipWithError("the loop failed");
  }
}
BENCHMARK(BM_CoYield);

Co<int> One() { co_return 1; }

Co<int> CallOften() {
  int sum = 0;
  for (int i = 0; i < kTurns; ++i) sum += co_await One();
  co_return sum;
}

// One item: a call that does not suspend.
void BM_CoCall(benchmark::State& state) {
  World world;
  const Allocations count(state, kTurns);
  for (auto _ : state) {
    Spawn(world.root, "", CallOften);
    if (!world.loop.Run().ok()) state.SkipWithError("the loop failed");
  }
}
BENCHMARK(BM_CoCall);

Co<> Ping(Channel<int>& there, Channel<int>& back) {
  for (int i = 0; i < kTurns; ++i) {
    (co_await Send(there, i)).IgnoreError();
    (co_await Receive(back)).status().IgnoreError();
  }
  there.Close();
}

Co<> Pong(Channel<int>& there, Channel<int>& back) {
  for (;;) {
    absl::StatusOr<int> number = co_await Receive(there);
    if (!number.ok()) co_return;
    (co_await Send(back, *number)).IgnoreError();
  }
}

// One item: a message there and one back, without room in the channels.
void BM_CoChannelPingPong(benchmark::State& state) {
  World world;
  const Allocations count(state, kTurns);
  for (auto _ : state) {
    Channel<int> there(0);
    Channel<int> back(0);
    Spawn(world.root, "", Ping, std::ref(there), std::ref(back));
    Spawn(world.root, "", Pong, std::ref(there), std::ref(back));
    if (!world.loop.Run().ok()) state.SkipWithError("the loop failed");
  }
}
BENCHMARK(BM_CoChannelPingPong);

Co<> Nothing() { co_return; }

// One item: a task that does nothing, from Spawn to its end.
void BM_CoSpawn(benchmark::State& state) {
  World world;
  const Allocations count(state, kTurns);
  for (auto _ : state) {
    for (int i = 0; i < kTurns; ++i) Spawn(world.root, "", Nothing);
    if (!world.loop.Run().ok()) state.SkipWithError("the loop failed");
  }
}
BENCHMARK(BM_CoSpawn);

}  // namespace
}  // namespace lev
