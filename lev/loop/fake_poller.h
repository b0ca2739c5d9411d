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
  // The first descriptor number; real ones are smaller, and cannot be added.
  static constexpr int kFirstFd = 1 << 20;

  // Moves `clock`, which it borrows.
  explicit FakePoller(FakeClock& clock) : clock_(clock) {}

  absl::Status Add(int fd, uint64_t tag) override;
  void Remove(int fd) override;
  absl::Status Wait(Nanos timeout, std::vector<PollEvent>& events) override;

  // A new descriptor: nothing to read, room to write.
  int Open();
  // Another number of the same; both are always equally ready.
  int Duplicate(int fd);
  // `fd` becomes another number of what `other` is.
  void Replace(int other, int fd);
  void CloseFd(int fd);

  // Something arrives to be read / room to write appears / the peer hangs up:
  // an edge, even if it was so already. The descriptor is open.
  void MakeReadable(int fd);
  void MakeWritable(int fd);
  void HangUp(int fd);
  // The peer will send nothing more: readable, and exceptional.
  void EndReading(int fd);

  // The other way: everything has been read / the room is used up. No event.
  void MakeUnreadable(int fd) { FileOf(fd).readable = false; }
  void MakeUnwritable(int fd) { FileOf(fd).writable = false; }

  bool readable(int fd) { return FileOf(fd).readable; }
  bool writable(int fd) { return FileOf(fd).writable; }

  // Runs `action` when the clock gets to `when`; equal times in the order of
  // these calls.
  void At(Instant when, absl::AnyInvocable<void()> action);
  // When the first of these is due; kNever if there is none.
  Instant next_event() const {
    return script_.empty() ? kNever : script_.begin()->first;
  }

 private:
  // What one or more numbers stand for.
  struct File {
    bool readable = false;
    bool writable = true;
    bool exceptional = false;
    std::vector<int> fds = {};
  };
  struct Fd {
    int file = 0;
    uint64_t tag = 0;
    bool added = false;
    bool queued = false;  // Its number stands in `edges_`.
  };

  File& FileOf(int fd) { return files_.at(fds_.at(fd).file); }
  void Edge(const File& file);
  void Queue(int fd);
  void Collect(std::vector<PollEvent>& events);
  void RunScript();

  FakeClock& clock_;
  int next_fd_ = kFirstFd;
  std::map<int, Fd> fds_;
  std::map<int, File> files_;  // By their first numbers.
  std::deque<int> edges_;
  std::multimap<Instant, absl::AnyInvocable<void()>> script_;
};

}  // namespace lev

#endif  // LEV_LOOP_FAKE_POLLER_H_
