#include "lev/loop/fake_poller.h"

#include <errno.h>

namespace lev {

absl::Status FakePoller::Add(int fd, uint64_t tag) {
  const auto found = fds_.find(fd);
  if (found == fds_.end()) return absl::ErrnoToStatus(EBADF, "FakePoller");
  Fd& state = found->second;
  if (state.added) return absl::ErrnoToStatus(EEXIST, "FakePoller");
  state.added = true;
  state.tag = tag;
  if (state.readable || state.writable || state.exceptional) Edge(fd, state);
  return absl::OkStatus();
}

void FakePoller::Remove(int fd) {
  const auto found = fds_.find(fd);
  if (found != fds_.end()) found->second.added = false;
}

absl::Status FakePoller::Wait(Nanos timeout, std::vector<PollEvent>& events) {
  RunScript();
  const size_t before = events.size();
  Collect(events);
  if (timeout == 0 || events.size() > before) return absl::OkStatus();
  const Instant end = After(clock_.Now(), timeout);
  const Instant next = next_event();
  if (end == kNever && next == kNever) {
    return absl::FailedPreconditionError("nothing will ever happen");
  }
  clock_.Advance((next < end ? next : end) - clock_.Now());
  RunScript();
  Collect(events);
  return absl::OkStatus();
}

int FakePoller::Open() {
  fds_.emplace(next_fd_, Fd{});
  return next_fd_++;
}

void FakePoller::CloseFd(int fd) { fds_.erase(fd); }

void FakePoller::MakeReadable(int fd) {
  Fd& state = fds_.at(fd);
  state.readable = true;
  Edge(fd, state);
}

void FakePoller::MakeWritable(int fd) {
  Fd& state = fds_.at(fd);
  state.writable = true;
  Edge(fd, state);
}

void FakePoller::HangUp(int fd) {
  Fd& state = fds_.at(fd);
  state.readable = state.writable = state.exceptional = true;
  Edge(fd, state);
}

void FakePoller::EndReading(int fd) {
  Fd& state = fds_.at(fd);
  state.readable = state.exceptional = true;
  Edge(fd, state);
}

void FakePoller::At(Instant when, absl::AnyInvocable<void()> action) {
  script_.emplace(when, std::move(action));
}

void FakePoller::Edge(int fd, Fd& state) {
  if (!state.added || state.queued) return;
  state.queued = true;
  edges_.push_back(fd);
}

void FakePoller::Collect(std::vector<PollEvent>& events) {
  for (; !edges_.empty(); edges_.pop_front()) {
    const auto found = fds_.find(edges_.front());
    if (found == fds_.end()) continue;
    Fd& state = found->second;
    state.queued = false;
    if (!state.added) continue;
    if (!state.readable && !state.writable) continue;
    events.push_back({.tag = state.tag,
                      .readable = state.readable,
                      .writable = state.writable,
                      .exceptional = state.exceptional});
  }
}

void FakePoller::RunScript() {
  while (!script_.empty() && script_.begin()->first <= clock_.Now()) {
    auto due = script_.extract(script_.begin());
    due.mapped()();
  }
}

}  // namespace lev
