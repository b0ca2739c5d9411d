#include "lev/loop/fake_poller.h"

#include <errno.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace lev {

absl::Status FakePoller::Add(int fd, uint64_t tag) {
  if (fd >= 0 && fd < kFirstFd) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot wait for descriptor ", fd, " of the system in virtual time"));
  }
  const auto found = fds_.find(fd);
  if (found == fds_.end()) return absl::ErrnoToStatus(EBADF, "FakePoller");
  Fd& state = found->second;
  if (state.added) return absl::ErrnoToStatus(EEXIST, "FakePoller");
  state.added = true;
  state.tag = tag;
  const File& file = FileOf(fd);
  if (file.readable || file.writable || file.exceptional) Queue(fd);
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
  const int fd = next_fd_++;
  fds_[fd] = {.file = fd};
  files_[fd].fds.push_back(fd);
  return fd;
}

int FakePoller::Duplicate(int fd) {
  const int copy = next_fd_++;
  fds_[copy] = {.file = fds_.at(fd).file};
  FileOf(copy).fds.push_back(copy);
  return copy;
}

void FakePoller::Replace(int other, int fd) {
  const int file = fds_.at(other).file;
  CloseFd(fd);
  fds_[fd] = {.file = file};
  FileOf(fd).fds.push_back(fd);
}

void FakePoller::CloseFd(int fd) {
  const auto found = fds_.find(fd);
  if (found == fds_.end()) return;
  const auto file = files_.find(found->second.file);
  auto& numbers = file->second.fds;
  numbers.erase(std::find(numbers.begin(), numbers.end(), fd));
  if (numbers.empty()) files_.erase(file);
  fds_.erase(found);
}

void FakePoller::MakeReadable(int fd) {
  File& file = FileOf(fd);
  file.readable = true;
  Edge(file);
}

void FakePoller::MakeWritable(int fd) {
  File& file = FileOf(fd);
  file.writable = true;
  Edge(file);
}

void FakePoller::HangUp(int fd) {
  File& file = FileOf(fd);
  file.readable = file.writable = file.exceptional = true;
  Edge(file);
}

void FakePoller::EndReading(int fd) {
  File& file = FileOf(fd);
  file.readable = file.exceptional = true;
  Edge(file);
}

void FakePoller::At(Instant when, absl::AnyInvocable<void()> action) {
  script_.emplace(when, std::move(action));
}

void FakePoller::Edge(const File& file) {
  for (const int fd : file.fds) Queue(fd);
}

void FakePoller::Queue(int fd) {
  Fd& state = fds_.at(fd);
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
    const File& file = files_.at(state.file);
    if (!file.readable && !file.writable) continue;
    events.push_back({.tag = state.tag,
                      .readable = file.readable,
                      .writable = file.writable,
                      .exceptional = file.exceptional});
  }
}

void FakePoller::RunScript() {
  while (!script_.empty() && script_.begin()->first <= clock_.Now()) {
    auto due = script_.extract(script_.begin());
    due.mapped()();
  }
}

}  // namespace lev
