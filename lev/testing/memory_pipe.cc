#include "lev/testing/memory_pipe.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>

namespace lev {

MemoryPipeEnd::Ends MemoryPipeEnd::MakePipe() {
  Ends ends = {std::unique_ptr<MemoryPipeEnd>(new MemoryPipeEnd(true)),
               std::unique_ptr<MemoryPipeEnd>(new MemoryPipeEnd(false))};
  ends.reading->other_ = ends.writing.get();
  ends.writing->other_ = ends.reading.get();
  return ends;
}

MemoryPipeEnd::~MemoryPipeEnd() {
  if (other_ == nullptr) return;
  other_->other_ = nullptr;
  other_->HangUp();
}

ssize_t MemoryPipeEnd::Read(absl::Span<char> out) {
  if (!reads_) return -EBADF;
  if (arrived_.empty() && other_ == nullptr) return 0;
  if (arrived_.empty()) return -EAGAIN;
  const size_t size = std::min(out.size(), arrived_.size());
  arrived_.copy(out.data(), size);
  arrived_.erase(0, size);
  if (other_ == nullptr) return static_cast<ssize_t>(size);
  if (arrived_.empty()) MakeUnreadable();
  if (other_->starved_ && arrived_.size() + kAtomic <= kCapacity) {
    other_->starved_ = false;
    other_->MakeWritable();
  }
  return static_cast<ssize_t>(size);
}

ssize_t MemoryPipeEnd::Write(absl::Span<const char> data) {
  if (reads_) return -EBADF;
  if (other_ == nullptr) return -EPIPE;
  const size_t room = kCapacity - other_->arrived_.size();
  const size_t least = data.size() <= kAtomic ? data.size() : 1;
  const size_t size = room < least ? 0 : std::min(room, data.size());
  other_->arrived_.append(data.data(), size);
  if (room - size < kAtomic) {
    starved_ = true;
    MakeUnwritable();
  }
  if (room < least) return -EAGAIN;
  if (size > 0) other_->MakeReadable();
  return static_cast<ssize_t>(size);
}

ssize_t MemoryFile::Read(absl::Span<char> out) {
  const ssize_t count = read(fd_.get(), out.data(), out.size());
  return count < 0 ? -errno : count;
}

ssize_t MemoryFile::Write(absl::Span<const char> data) {
  const ssize_t count = write(fd_.get(), data.data(), data.size());
  return count < 0 ? -errno : count;
}

}  // namespace lev
