// What this file fights: epoll's edges.
//
// Each descriptor is added once, for both directions, edge-triggered, and
// never modified. Three things follow.
//
// An edge is reported once. If nobody waits at that moment, the news would be
// lost; FdReadiness in the loop remembers it, and every operation tries the
// system call before it waits. So a missed edge cannot hang anybody.
//
// EPOLLRDHUP and EPOLLPRI are asked for, and reported as `exceptional`. A
// reader that got fewer bytes than it asked for concludes that the kernel's
// buffer is empty, and saves the read that would say EAGAIN. That conclusion
// is wrong after the peer has shut down (the end of file produces no further
// edge once it was reported along with the data) and at an urgent mark (a
// read stops there although more follows).
//
// A descriptor is removed before it is closed. Closing alone would not stop
// the events when a child process holds a duplicate, and the next descriptor
// with the same number would receive them. Remove is therefore explicit, and
// the tag carries a generation for events that are already in our hands.
//
// epoll_wait counts in milliseconds; rounding down would wake a sleeper too
// early, rounding up makes every short sleep a millisecond. epoll_pwait2
// (Linux 5.11) takes nanoseconds; where it is missing we round up. But a
// system call and a context switch for each of thousands of timers that end
// microseconds apart would cost more than the timers do, and the kernel's own
// slack is 50 us: so waits are rounded up to kGrain, and timers end in groups.

#include "lev/loop/epoll_poller.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "lev/loop/check.h"

namespace lev {
namespace {

constexpr Nanos kGrain = 100 * kMicrosecond;

constexpr Nanos RoundUp(Nanos time, Nanos grain) {
  return (time + grain - 1) / grain * grain;
}

}  // namespace

struct EpollPoller::Buffer {
  epoll_event events[256];
};

absl::StatusOr<std::unique_ptr<EpollPoller>> EpollPoller::Create() {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "epoll_create1");
  return std::unique_ptr<EpollPoller>(new EpollPoller(fd));
}

EpollPoller::EpollPoller(int epoll_fd)
    : epoll_fd_(epoll_fd), buffer_(std::make_unique<Buffer>()) {}

EpollPoller::~EpollPoller() { close(epoll_fd_); }

absl::Status EpollPoller::Add(int fd, uint64_t tag) {
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  event.data.u64 = tag;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, "epoll_ctl");
}

void EpollPoller::Remove(int fd) {
  epoll_event unused = {};
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, &unused);
}

absl::Status EpollPoller::Wait(Nanos timeout, std::vector<PollEvent>& events) {
  const int count = WaitForEvents(timeout);
  if (count < 0) {
    // EINTR is an early return; anything else means that the loop's own
    // descriptor is gone, and no program can go on from there.
    LEV_CHECK(errno == EINTR, "the epoll descriptor was closed by someone");
    return absl::OkStatus();
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = buffer_->events[i];
    const uint32_t bits = event.events;
    constexpr uint32_t kHangup = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    events.push_back({
        .tag = event.data.u64,
        .readable = (bits & (EPOLLIN | EPOLLPRI | kHangup)) != 0,
        .writable = (bits & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
        .exceptional = (bits & (EPOLLPRI | kHangup)) != 0,
    });
  }
  return absl::OkStatus();
}

int EpollPoller::WaitForEvents(Nanos timeout) {
  const int capacity = std::size(buffer_->events);
  if (timeout == 0 || timeout == kNever) {
    return epoll_wait(epoll_fd_, buffer_->events, capacity,
                      timeout == 0 ? 0 : -1);
  }
  // The kernel refuses spans beyond its own clock's range; a day is as good
  // as any early return, for the loop simply waits again.
  timeout = RoundUp(std::min(timeout, 24 * 3600 * kSecond), kGrain);
  if (has_pwait2_) {
    const timespec span = {timeout / kSecond, timeout % kSecond};
    const int count =
        epoll_pwait2(epoll_fd_, buffer_->events, capacity, &span, nullptr);
    // Old kernels do not have it, and old container profiles forbid it.
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    has_pwait2_ = false;
  }
  const int millis =
      static_cast<int>(RoundUp(timeout, kMillisecond) / kMillisecond);
  return epoll_wait(epoll_fd_, buffer_->events, capacity, millis);
}

}  // namespace lev
