// Descriptors of a host in memory that are no sockets: the ends of pipes, the
// files and the screen of its programs, and what says that a child has ended or
// a signal has come.
//
// A handle may have several numbers, all equally ready, and goes with the last
// one. The table, one a host, owns the handles.

#ifndef LEV_TESTING_MEMORY_HANDLES_H_
#define LEV_TESTING_MEMORY_HANDLES_H_

#include <errno.h>
#include <sys/types.h>

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "lev/loop/fake_poller.h"

namespace lev {

// By itself it has nothing to read or to write, only its readiness.
class MemoryHandle {
 public:
  // `kind` is for humans: "pipe". A literal.
  explicit MemoryHandle(const char* kind) : kind_(kind) {}
  virtual ~MemoryHandle() = default;
  MemoryHandle(const MemoryHandle&) = delete;
  MemoryHandle& operator=(const MemoryHandle&) = delete;

  // read(2) and write(2), or an error of errno, negative.
  virtual ssize_t Read(absl::Span<char>) { return -EINVAL; }
  virtual ssize_t Write(absl::Span<const char>) { return -EINVAL; }

  const char* kind() const { return kind_; }

  void MakeReadable() { Tell(&FakePoller::MakeReadable); }
  void MakeUnreadable() { Tell(&FakePoller::MakeUnreadable); }

 protected:
  void MakeWritable() { Tell(&FakePoller::MakeWritable); }
  void MakeUnwritable() { Tell(&FakePoller::MakeUnwritable); }
  void HangUp() { Tell(&FakePoller::HangUp); }

 private:
  friend class MemoryHandles;

  void Tell(void (FakePoller::*what)(int)) {
    for (const int fd : fds_) (poller_->*what)(fd);
  }

  const char* const kind_;
  FakePoller* poller_ = nullptr;
  std::vector<int> fds_;
};

class MemoryHandles {
 public:
  explicit MemoryHandles(FakePoller& poller) : poller_(poller) {}
  MemoryHandles(const MemoryHandles&) = delete;
  MemoryHandles& operator=(const MemoryHandles&) = delete;

  // Its number.
  int Open(std::unique_ptr<MemoryHandle> handle);
  // Another number of what `fd` is, which is one of these.
  int Duplicate(int fd);
  // No effect on what is none of these.
  void Close(int fd);
  void CloseAll();

  // Null if it is none of these.
  MemoryHandle* Find(int fd) const;
  size_t size() const { return numbers_.size(); }
  // Which are open, in order.
  std::vector<int> numbers() const;

 private:
  FakePoller& poller_;
  std::map<int, std::unique_ptr<MemoryHandle>> handles_;  // By first number.
  std::map<int, int> numbers_;  // Each number's first one.
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_HANDLES_H_
