// The poller of a run in virtual time: it knows when nobody has anything to
// do, and up to when time may pass.
//
// Over a FakePoller, which it borrows. Where nothing would happen before the
// horizon, it says that nothing will ever happen, so that the loop returns.

#ifndef LEV_TESTING_SETTLING_POLLER_H_
#define LEV_TESTING_SETTLING_POLLER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lev/loop/clock.h"
#include "lev/loop/fake_poller.h"
#include "lev/loop/poller.h"
#include "lev/loop/waiter.h"

namespace lev {

class SettlingPoller final : public Poller {
 public:
  SettlingPoller(Clock& clock, FakePoller& poller)
      : clock_(clock), poller_(poller) {}

  absl::Status Add(int fd, uint64_t tag) override {
    return poller_.Add(fd, tag);
  }
  void Remove(int fd) override { poller_.Remove(fd); }
  absl::Status Wait(Nanos timeout, std::vector<PollEvent>& events) override;

  // Who waits here is woken once everybody else is blocked, before any time
  // passes.
  WaitList& settled() { return settled_; }

  // Time passes up to here, and not on.
  void SetHorizon(Instant horizon) { horizon_ = horizon; }
  // The horizon was what made the loop return last.
  bool reached_horizon() const { return reached_horizon_; }

 private:
  class Settled final : public WaitList {
   public:
    Settled() : WaitList(Origin::kOutside) {}
    using WaitList::FireAll;
    std::string Describe() const override {
      return "everybody else to be blocked";
    }
  };

  Clock& clock_;
  FakePoller& poller_;
  Settled settled_;
  Instant horizon_ = kNever;
  bool reached_horizon_ = false;
};

}  // namespace lev

#endif  // LEV_TESTING_SETTLING_POLLER_H_
