// A world in memory for deterministic runs: a clock that stands still, and
// descriptors that become ready when a script says so.
//
// FakePoller never sleeps. When nothing is ready it moves the clock to the
// next scripted moment or to the end of the wait, whichever is first; when
// neither exists it says so, instead of hanging. A program that sleeps for an
// hour therefore ends at once, at the same instant every time.
//
// It behaves like epoll, edges included, and passes the same contract test.

#ifndef LEV_LOOP_FAKE_POLLER_H_
#define LEV_LOOP_FAKE_POLLER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "lev/loop/clock.h"
#include "lev/loop/poller.h"

namespace lev {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(Instant start = 0) : now_(start) {}

  Instant Now() override { return now_; }
  void Advance(Nanos by) { now_ = After(now_, by); }

 private:
  Instant now_;
};

class FakePoller final : public Poller {
 public:
  // The first descriptor number; real ones are smaller.
  static constexpr int kFirstFd = 1 << 20;

  // Moves `clock`, which it borrows.
  explicit FakePoller(FakeClock& clock) : clock_(clock) {}

  absl::Status Add(int fd, uint64_t tag) override;
  void Remove(int fd) override;
  absl::Status Wait(Nanos timeout, std::vector<PollEvent>& events) override;

  // A new descriptor: nothing to read, room to write.
  int Open();
  void CloseFd(int fd);

  // Something arrives to be read / room to write appears / the peer hangs up:
  // an edge, even if it was so already. The descriptor is open.
  void MakeReadable(int fd);
  void MakeWritable(int fd);
  void HangUp(int fd);
  // The peer will send nothing more: readable, and exceptional.
  void EndReading(int fd);

  // The other way: everything has been read / the room is used up. No event.
  void MakeUnreadable(int fd) { fds_.at(fd).readable = false; }
  void MakeUnwritable(int fd) { fds_.at(fd).writable = false; }

  // Runs `action` when the clock gets to `when`; equal times in the order of
  // these calls.
  void At(Instant when, absl::AnyInvocable<void()> action);
  // When the first of these is due; kNever if there is none.
  Instant next_event() const {
    return script_.empty() ? kNever : script_.begin()->first;
  }

 private:
  struct Fd {
    uint64_t tag = 0;
    bool added = false;
    bool readable = false;
    bool writable = true;
    bool exceptional = false;
    bool queued = false;  // Its number stands in `edges_`.
  };

  void Edge(int fd, Fd& state);
  void Collect(std::vector<PollEvent>& events);
  void RunScript();

  FakeClock& clock_;
  int next_fd_ = kFirstFd;
  std::map<int, Fd> fds_;
  std::deque<int> edges_;
  std::multimap<Instant, absl::AnyInvocable<void()>> script_;
};

}  // namespace lev

#endif  // LEV_LOOP_FAKE_POLLER_H_
