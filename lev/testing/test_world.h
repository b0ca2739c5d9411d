// All that a test of a program needs, in virtual time: a loop, a root scope,
// and a network in memory with one host to begin with.
//
//   TestWorld world({.seed = 42});
//   Listener listener(world.loop(), *OpenTcpListener(address, {},
//                                                    world.host()));
//   ... spawn tasks into world.root() ...
//   EXPECT_EQ(world.Run(), absl::OkStatus());
//
// Nothing sleeps: when everybody is blocked, the clock jumps to the next
// event. What is wrong at the end (a hang, something left behind) is a status
// whose text begins with the seed, which replays it.
//
// It owns what it shows. Tasks, connections and the like are destroyed before.

#ifndef LEV_TESTING_TEST_WORLD_H_
#define LEV_TESTING_TEST_WORLD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fake_poller.h"
#include "lev/net/resolver.h"
#include "lev/task/scope.h"
#include "lev/task/semaphore.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/settling_poller.h"
#include "lev/testing/test_witness.h"

namespace lev {

class TestWorld {
 public:
  struct Options {
    // Of the network's dice; not 0: also permutes what may legally come in any
    // order (EventLoop::Options).
    uint64_t seed = 0;
    // Whether network().trace() gets a line for each packet, and one each time
    // a task runs: the same for the same seed.
    bool trace = false;
    // A run that takes longer, in its own time, hangs.
    Nanos limit = 3600 * kSecond;
  };

  TestWorld() : TestWorld(Options()) {}
  explicit TestWorld(Options options);
  // Aborts the tasks that are left.
  ~TestWorld();
  TestWorld(const TestWorld&) = delete;
  TestWorld& operator=(const TestWorld&) = delete;

  EventLoop& loop() { return loop_; }
  Scope& root() { return root_; }
  MemoryNetwork& network() { return network_; }
  // For a NetContext or a Resolver: names are those of the network.
  ResolverOptions names() {
    ResolverOptions options;
    options.table = &network_.names();
    return options;
  }
  // "main", where programs run unless they are told otherwise.
  MemoryHost& host() { return host_; }
  Instant now() { return clock_.Now(); }

  // Until all tasks and other waiters have ended. Errors, FailedPrecondition:
  // a hang, with a dump of all tasks and the descriptors that are open; what
  // CheckLeaks says.
  absl::Status Run();

  // Until all are blocked; no time passes.
  void Settle() { RunFor(0); }
  // So long, or until all have ended.
  void RunFor(Nanos duration);

  // What a program that has ended has left behind, each by name: tasks, timers,
  // descriptors; children that nobody has waited for, signals that were not
  // given back; permits, locks and those who wait for them; failures of root
  // tasks of which nobody has heard, or can hear any more (nobody joined them,
  // and their handles went unasked).
  absl::Status CheckLeaks() const;

  // Locks that coroutines take (co_sync.h) are known. Others are if they are
  // shown before, and then all that is held of them at the end is left behind.
  void Watch(Permits& permits) { witness_.Watch(permits); }
  void Watch(Mutex& mutex) { witness_.Watch(mutex.permits()); }

 private:
  absl::Status Wrong(const std::string& what) const;
  std::string DescribeHang() const;

  const Options options_;
  FakeClock clock_;
  FakePoller fake_{clock_};
  SettlingPoller poller_{clock_, fake_};
  MemoryNetwork network_;
  MemoryHost& host_;
  TestWitness witness_{network_};
  EventLoop loop_;
  Scope root_;
};

}  // namespace lev

#endif  // LEV_TESTING_TEST_WORLD_H_
