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
// event. What is wrong at the end (a hang, something left open) is a status
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
#include "lev/task/scope.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/settling_poller.h"

namespace lev {

class TestWorld {
 public:
  struct Options {
    // Of the network's dice; not 0: also permutes what may legally come in any
    // order (EventLoop::Options).
    uint64_t seed = 0;
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
  // "main", where programs run unless they are told otherwise.
  MemoryHost& host() { return host_; }
  Instant now() { return clock_.Now(); }

  // Until all tasks and other waiters have ended. Errors, FailedPrecondition:
  // a hang, with a dump of all tasks; what CheckLeaks says.
  absl::Status Run();

  // Until all are blocked; no time passes.
  void Settle() { RunFor(0); }
  // So long, or until all have ended.
  void RunFor(Nanos duration);

  // What is left of a program that has ended: tasks, timers, descriptors.
  absl::Status CheckLeaks();

 private:
  absl::Status Wrong(const std::string& what) const;

  const Options options_;
  FakeClock clock_;
  FakePoller fake_{clock_};
  SettlingPoller poller_{clock_, fake_};
  MemoryNetwork network_;
  MemoryHost& host_;
  EventLoop loop_;
  Scope root_;
};

}  // namespace lev

#endif  // LEV_TESTING_TEST_WORLD_H_
