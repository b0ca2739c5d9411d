// A descriptor that the loop watches: two wait lists and what is known of its
// readiness.
//
// Belongs to whoever owns the descriptor, which is only a number here. The
// poller hears of it when somebody waits for the first time, and stays told
// until Close. Neither copied nor moved.

#ifndef LEV_LOOP_FD_WATCH_H_
#define LEV_LOOP_FD_WATCH_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "lev/loop/fd_readiness.h"
#include "lev/loop/waiter.h"

namespace lev {

class EventLoop;

class FdWatch {
 public:
  // One direction. An edge wakes the first who waits, nobody else: a
  // direction has one user at a time.
  class Direction final : public WaitList {
   public:
    explicit Direction(const char* verb)
        : WaitList(Origin::kOutside), verb_(verb) {}
    std::string Describe() const override;

   private:
    friend class FdWatch;
    int fd_ = -1;
    const char* const verb_;
  };

  // Watches nothing yet.
  FdWatch() = default;
  // Closes. Nobody may be waiting.
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  // Says which descriptor this is, once, before anything else.
  void Open(EventLoop& loop, int fd);

  // Tells the poller, unless it knows. Called before a waiter parks on a
  // direction; on an error nothing would ever wake it.
  absl::Status Register() {
    return registered_ ? absl::OkStatus() : RegisterNow();
  }

  // From now on an edge in either direction wakes all who wait for either:
  // to read may mean to write first, and the reverse (TLS).
  void Entangle() { entangled_ = true; }

  // Stops watching, and wakes all who wait; their next try finds that the
  // descriptor is closed. Call it before close(2). Idempotent.
  void Close();

  int fd() const { return read_.fd_; }
  bool is_open() const { return loop_ != nullptr; }
  // The loop that watches it; it is open.
  EventLoop& loop() const { return *loop_; }
  WaitList& readers() { return read_; }
  WaitList& writers() { return write_; }
  FdReadiness& readiness() { return readiness_; }

 private:
  friend class EventLoop;
  absl::Status RegisterNow();

  EventLoop* loop_ = nullptr;
  Direction read_{"readable"};
  Direction write_{"writable"};
  uint32_t slot_ = 0;  // In the loop's table, while registered.
  bool registered_ = false;
  bool entangled_ = false;
  FdReadiness readiness_;
};

}  // namespace lev

#endif  // LEV_LOOP_FD_WATCH_H_
