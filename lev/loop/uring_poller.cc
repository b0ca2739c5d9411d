// What this file fights: io_uring's idea of an event.
//
// One multishot poll request for each descriptor, both directions, is in the
// kernel's hands until Remove. It completes whenever the descriptor's owner in
// the kernel wakes those who wait there, which is exactly an edge. (A request
// of one shot that is made again and again cannot serve: it completes at once
// while there is room to write.) But a completion is a hint, and no report:
//
// It carries what the waker said, and not what is true: sockets say POLLPRI
// with every byte, and what was read meanwhile is still called readable. So
// the hints of a Wait are asked again by poll(2), all in one call.
//
// It may be late. What completes for a request that Remove has cancelled finds
// that the generation in its key is nobody's.
//
// It may be the last, when the queue of completions was full: without
// IORING_CQE_F_MORE the request is made again, and then reports what is ready
// by now. What did not fit the kernel keeps, and the flag that says so makes us
// ask for it.
//
// A request holds its file open. Remove is therefore submitted at once: the
// peer of a socket that is closed next would otherwise wait for its end. And
// since closing removes nothing, Add must tell a descriptor that it watches
// from one that was closed without a word and has the same number.
//
// Completions are made in our own system calls on the ring and nowhere else
// (IORING_SETUP_DEFER_TASKRUN): otherwise they would interrupt whatever call
// the program is in. A flag says that there is something to be made, so a Wait
// of 0 that has nothing to report is no system call.

#include "lev/loop/uring_poller.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "lev/loop/check.h"

namespace lev {
namespace {

constexpr Nanos kGrain = 100 * kMicrosecond;
constexpr short kMask = POLLIN | POLLOUT | POLLRDHUP | POLLPRI;

constexpr uint64_t kNobody = UINT64_MAX;  // A key of no watch.
constexpr char kGone[] = "the io_uring descriptor was closed by someone";
constexpr char kForeign[] = "an io_uring poller is used in another thread";

absl::Status Error(int error) { return absl::ErrnoToStatus(error, "io_uring"); }

// A signal came, or the kernel is short of something.
bool IsPassing(int result) {
  return result == -EINTR || result == -EAGAIN || result == -EBUSY;
}

}  // namespace

struct UringPoller::Ring {
  io_uring ring;

  // Whether the kernel has set any of these flags.
  bool Flagged(unsigned flags) const {
    return (IO_URING_READ_ONCE(*ring.sq.kflags) & flags) != 0;
  }
};

absl::StatusOr<std::unique_ptr<UringPoller>> UringPoller::Create(
    Options options) {
  io_uring_params params = {};
  params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER |
                 IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
  params.cq_entries = options.completions;
  auto ring = std::make_unique<Ring>();
  const int result =
      io_uring_queue_init_params(options.requests, &ring->ring, &params);
  if (result == -EINVAL) {
    return absl::UnimplementedError(
        "io_uring: this kernel is too old (Linux 6.1 is needed)");
  }
  if (result < 0) return Error(-result);
  return std::unique_ptr<UringPoller>(new UringPoller(std::move(ring)));
}

UringPoller::UringPoller(std::unique_ptr<Ring> ring)
    : ring_(std::move(ring)), process_(getpid()) {}

int UringPoller::fd() const { return ring_->ring.ring_fd; }

UringPoller::~UringPoller() { io_uring_queue_exit(&ring_->ring); }

absl::Status UringPoller::Add(int fd, uint64_t tag) {
  struct stat file;
  if (fstat(fd, &file) != 0) return Error(errno);
  const auto found = watches_.find(fd);
  if (found != watches_.end()) {
    const Watch& known = found->second;
    if (known.device == file.st_dev && known.inode == file.st_ino) {
      return Error(EEXIST);
    }
    Remove(fd);
  }
  MakeRoom();
  Watch& watch = watches_[fd];
  watch = {.tag = tag,
           .generation = ++last_generation_,
           .device = file.st_dev,
           .inode = file.st_ino};
  Arm(fd, watch);
  Submit();
  LookFor(KeyOf(fd, watch), watch);
  const bool hung_up = watch.result > 0 && (watch.result & POLLHUP) != 0;
  if (watch.armed || hung_up) return absl::OkStatus();
  // What cannot be waited for, a file, completes once and for all.
  const int error = watch.result < 0 ? -watch.result : EPERM;
  watches_.erase(fd);
  return Error(error);
}

void UringPoller::Remove(int fd) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  const Watch watch = found->second;
  watches_.erase(found);
  if (!watch.armed) return;
  Cancel(KeyOf(fd, watch));
  Submit();
}

absl::Status UringPoller::Wait(Nanos timeout, std::vector<PollEvent>& events) {
  Collect();
  if (hints_.empty() && timeout != 0) {
    Sleep(timeout);
    Collect();
  }
  Report(events);
  Restart();
  return absl::OkStatus();
}

UringPoller::Key UringPoller::KeyOf(int fd, const Watch& watch) {
  return uint64_t{watch.generation} << 32 | static_cast<uint32_t>(fd);
}

int UringPoller::FdOf(Key key) { return static_cast<int>(key & UINT32_MAX); }

UringPoller::Watch* UringPoller::Find(Key key) {
  const auto found = watches_.find(FdOf(key));
  if (found == watches_.end()) return nullptr;
  return found->second.generation == key >> 32 ? &found->second : nullptr;
}

io_uring_sqe& UringPoller::NextRequest() {
  for (;;) {
    io_uring_sqe* const request = io_uring_get_sqe(&ring_->ring);
    if (request != nullptr) return *request;
    Submit();
  }
}

void UringPoller::Arm(int fd, const Watch& watch) {
  io_uring_sqe& request = NextRequest();
  io_uring_prep_poll_multishot(&request, fd, kMask);
  io_uring_sqe_set_data64(&request, KeyOf(fd, watch));
}

void UringPoller::Cancel(Key key) {
  io_uring_sqe& request = NextRequest();
  io_uring_prep_cancel64(&request, key, 0);
  io_uring_sqe_set_data64(&request, kNobody);
  io_uring_sqe_set_flags(&request, IOSQE_CQE_SKIP_SUCCESS);
}

// Submits what is queued, and has the kernel do what that brings about: a
// request that is cancelled lets go of its file.
void UringPoller::Submit() {
  for (;;) {
    const int result = io_uring_submit_and_get_events(&ring_->ring);
    if (result >= 0) return;
    // In a forked copy of the process the ring is the parent's: there is
    // nothing to be done to it, and nothing to be said.
    if (result == -EEXIST && getpid() != process_) return;
    LEV_CHECK(result != -EEXIST, kForeign);
    LEV_CHECK(IsPassing(result), kGone);
  }
}

// A request that fails at once completes in the queue, and nowhere else.
void UringPoller::MakeRoom() {
  const io_uring& ring = ring_->ring;
  if (io_uring_cq_ready(&ring) < ring.cq.ring_entries / 2 &&
      !ring_->Flagged(IORING_SQ_CQ_OVERFLOW)) {
    return;
  }
  Collect();
  Nudge();
}

// Whether the request has failed: what is in the queue stays there, so that the
// ring's descriptor is readable.
void UringPoller::LookFor(Key key, Watch& watch) {
  unsigned head;
  io_uring_cqe* done;
  io_uring_for_each_cqe(&ring_->ring, head, done) {
    if (done->user_data != key || (done->flags & IORING_CQE_F_MORE) != 0) {
      continue;
    }
    watch.armed = false;
    watch.result = done->res;
  }
}

// Hints that were taken outside of Wait are news, too: the descriptor is to be
// readable until Wait has reported them.
void UringPoller::Nudge() {
  if (hints_.empty()) return;
  io_uring_sqe& request = NextRequest();
  io_uring_prep_nop(&request);
  io_uring_sqe_set_data64(&request, kNobody);
  Submit();
}

// Takes all completions there are. Only once for the flag that says that some
// are still to be made: it may have been set when they had been made already.
void UringPoller::Collect() {
  Drain();
  if (!ring_->Flagged(IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) return;
  do {
    io_uring_get_events(&ring_->ring);
    Drain();
  } while (ring_->Flagged(IORING_SQ_CQ_OVERFLOW));
}

void UringPoller::Drain() {
  unsigned head;
  unsigned count = 0;
  io_uring_cqe* done;
  io_uring_for_each_cqe(&ring_->ring, head, done) {
    ++count;
    Take(done->user_data, done->res, (done->flags & IORING_CQE_F_MORE) != 0);
  }
  io_uring_cq_advance(&ring_->ring, count);
}

void UringPoller::Take(Key key, int result, bool more) {
  Watch* const watch = Find(key);
  if (watch == nullptr) return;
  if (watch->hint == 0) hints_.push_back(key);
  watch->hint |= result < 0 ? POLLERR : result;
  if (more) return;
  watch->armed = false;
  watch->result = result;
  ended_.push_back(key);
}

// Who ends again at once has nothing to wait for (a terminal that hung up), and
// is left alone.
void UringPoller::Restart() {
  if (ended_.empty()) return;
  const std::vector<Key> ended = std::exchange(ended_, {});
  for (const Key key : ended) {
    Watch* const watch = Find(key);
    if (watch == nullptr) continue;
    watch->armed = true;
    Arm(FdOf(key), *watch);
  }
  Submit();
  Drain();
  const auto was_restarted = [&ended](Key key) {
    return std::find(ended.begin(), ended.end(), key) != ended.end();
  };
  ended_.erase(std::remove_if(ended_.begin(), ended_.end(), was_restarted),
               ended_.end());
  Nudge();
}

void UringPoller::Sleep(Nanos timeout) {
  __kernel_timespec span = {};
  if (timeout != kNever) {
    timeout = std::min(timeout, 24 * 3600 * kSecond);
    timeout = (timeout + kGrain - 1) / kGrain * kGrain;
    span = {timeout / kSecond, timeout % kSecond};
  }
  io_uring_cqe* first;
  const int result = io_uring_submit_and_wait_timeout(
      &ring_->ring, &first, 1, timeout == kNever ? nullptr : &span, nullptr);
  LEV_CHECK(result != -EEXIST, kForeign);
  LEV_CHECK(result >= 0 || result == -ETIME || IsPassing(result), kGone);
}

// Asks who was hinted at what is true, and reports that. Where poll(2) refuses
// (it does when fewer descriptors are allowed than are asked), the hint counts.
void UringPoller::Report(std::vector<PollEvent>& events) {
  asked_.clear();
  for (const Key key : hints_) {
    Watch* const watch = Find(key);
    if (watch == nullptr) continue;
    const auto hint = static_cast<short>(std::exchange(watch->hint, 0));
    asked_.push_back({FdOf(key), kMask, hint});
  }
  hints_.clear();
  if (asked_.empty()) return;
  while (poll(asked_.data(), asked_.size(), 0) < 0 && errno == EINTR) continue;
  for (const pollfd& found : asked_) {
    const int bits = found.revents;
    if ((bits & POLLNVAL) != 0) {
      Remove(found.fd);
      continue;
    }
    if (bits == 0) continue;
    constexpr int kHangup = POLLRDHUP | POLLHUP | POLLERR;
    events.push_back({
        .tag = watches_.find(found.fd)->second.tag,
        .readable = (bits & (POLLIN | POLLPRI | kHangup)) != 0,
        .writable = (bits & (POLLOUT | POLLHUP | POLLERR)) != 0,
        .exceptional = (bits & (POLLPRI | kHangup)) != 0,
    });
  }
}

}  // namespace lev
