#include "lev/testing/memory_handles.h"

#include <algorithm>
#include <utility>

namespace lev {

int MemoryHandles::Open(std::unique_ptr<MemoryHandle> handle) {
  const int fd = poller_.Open();
  handle->poller_ = &poller_;
  handle->fds_.push_back(fd);
  handles_[fd] = std::move(handle);
  numbers_[fd] = fd;
  return fd;
}

int MemoryHandles::Duplicate(int fd) {
  const int first = numbers_.at(fd);
  const int copy = poller_.Duplicate(fd);
  handles_.at(first)->fds_.push_back(copy);
  numbers_[copy] = first;
  return copy;
}

void MemoryHandles::Close(int fd) {
  const auto number = numbers_.find(fd);
  if (number == numbers_.end()) return;
  const auto found = handles_.find(number->second);
  numbers_.erase(number);
  poller_.CloseFd(fd);
  auto& fds = found->second->fds_;
  fds.erase(std::remove(fds.begin(), fds.end(), fd), fds.end());
  if (fds.empty()) {
    const auto last = handles_.extract(found);  // Its end may tell others.
  }
}

void MemoryHandles::CloseAll() {
  while (!numbers_.empty()) Close(numbers_.begin()->first);
}

MemoryHandle* MemoryHandles::Find(int fd) const {
  const auto found = numbers_.find(fd);
  return found == numbers_.end() ? nullptr : handles_.at(found->second).get();
}

std::vector<int> MemoryHandles::numbers() const {
  std::vector<int> fds;
  for (const auto& [fd, first] : numbers_) fds.push_back(fd);
  return fds;
}

}  // namespace lev
