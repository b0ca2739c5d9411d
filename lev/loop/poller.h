// The outside world as the loop sees it: numbers that become ready.
//
// A poller is edge-triggered, watches both directions of a descriptor, and is
// told about a descriptor once in its life. That removes interest masks and
// one or two system calls from every wait; it is safe because every operation
// tries before it parks, so that readiness which was reported while nobody
// waited is not lost but merely remembered (FdReadiness).
//
// Every implementation passes tests/loop/poller_contract_test.cc.
// A poller belongs to one thread, and outlives the loop that uses it.

#ifndef LEV_LOOP_POLLER_H_
#define LEV_LOOP_POLLER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "lev/loop/clock.h"

namespace lev {

struct PollEvent {
  uint64_t tag = 0;  // What Add was given.
  bool readable = false;
  bool writable = false;
  // The peer hung up, the descriptor failed, or urgent data came. From now on
  // a short read does not prove that nothing is left to read.
  bool exceptional = false;
};

class Poller {
 public:
  virtual ~Poller() = default;

  // Starts to watch `fd`. Its present readiness counts as the first edge.
  // Errors: AlreadyExists (watched already), and what the kernel says of a
  // descriptor that is closed or cannot be watched.
  virtual absl::Status Add(int fd, uint64_t tag) = 0;

  // Stops watching `fd`: no later Wait reports it, even if it was ready.
  // Called before the descriptor is closed. Unknown descriptors are ignored.
  virtual void Remove(int fd) = 0;

  // Appends what became ready to `events`, waiting at most `timeout` (0: do
  // not wait; kNever: no limit) for the first. May return early with nothing
  // (a signal did it); never waits less than `timeout` because of rounding.
  // Error: FailedPrecondition when it can tell that nothing will ever happen.
  virtual absl::Status Wait(Nanos timeout, std::vector<PollEvent>& events) = 0;

  // A descriptor that is readable while Wait has something to report, for a
  // loop within another one. Negative: there is none.
  virtual int fd() const { return -1; }
};

}  // namespace lev

#endif  // LEV_LOOP_POLLER_H_
