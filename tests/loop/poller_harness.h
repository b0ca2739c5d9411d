// What the poller contract needs of an implementation: a poller, its clock,
// and descriptors whose readiness a test can change.

#ifndef TESTS_LOOP_POLLER_HARNESS_H_
#define TESTS_LOOP_POLLER_HARNESS_H_

#include <memory>

#include "lev/loop/clock.h"
#include "lev/loop/poller.h"

namespace lev {

class PollerHarness {
 public:
  virtual ~PollerHarness() = default;

  virtual Poller& poller() = 0;
  virtual Clock& clock() = 0;

  // A new descriptor: nothing to read, room to write.
  virtual int Open() = 0;
  virtual void Close(int fd) = 0;

  virtual void Arrive(int fd) = 0;    // Something to read arrives.
  virtual void ReadAll(int fd) = 0;   // All that arrived is read.
  virtual void FillUp(int fd) = 0;    // The room to write is used up.
  virtual void MakeRoom(int fd) = 0;  // There is room again.
  virtual void HangUp(int fd) = 0;    // The peer goes away.
};

std::unique_ptr<PollerHarness> NewEpollHarness();
std::unique_ptr<PollerHarness> NewUringHarness();
// The same, whose queues overflow all the time.
std::unique_ptr<PollerHarness> NewCrampedUringHarness();
std::unique_ptr<PollerHarness> NewFakeHarness();

}  // namespace lev

#endif  // TESTS_LOOP_POLLER_HARNESS_H_
