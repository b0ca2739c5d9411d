// What programs in memory read and write beside sockets: pipes, files of the
// real machine, and the screen of their host.

#ifndef LEV_TESTING_MEMORY_PIPE_H_
#define LEV_TESTING_MEMORY_PIPE_H_

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "lev/net/owned_fd.h"
#include "lev/testing/memory_handles.h"

namespace lev {

// One end of a pipe. As of the kernel's: so much fits in, what is not larger
// than kAtomic is written as a whole or not yet, and who writes what nobody
// will read gets "closed" (EPIPE).
class MemoryPipeEnd final : public MemoryHandle {
 public:
  static constexpr size_t kCapacity = size_t{64} << 10;
  static constexpr size_t kAtomic = 4096;

  struct Ends {
    std::unique_ptr<MemoryPipeEnd> reading;
    std::unique_ptr<MemoryPipeEnd> writing;
  };
  static Ends MakePipe();
  // The other end hears that this one is gone.
  ~MemoryPipeEnd() override;

  ssize_t Read(absl::Span<char> out) override;
  ssize_t Write(absl::Span<const char> data) override;

 private:
  explicit MemoryPipeEnd(bool reads)
      : MemoryHandle(reads ? "pipe, to read" : "pipe, to write"),
        reads_(reads) {}

  const bool reads_;
  MemoryPipeEnd* other_ = nullptr;  // Null once it is gone.
  std::string arrived_;             // At the end that reads.
  bool starved_ = false;            // The end that writes was told to wait.
};

// A file that the kernel has open.
class MemoryFile final : public MemoryHandle {
 public:
  explicit MemoryFile(OwnedFd fd) : MemoryHandle("file"), fd_(std::move(fd)) {}

  ssize_t Read(absl::Span<char> out) override;
  ssize_t Write(absl::Span<const char> data) override;

 private:
  const OwnedFd fd_;
};

// Where what nobody has asked for goes. Nobody types anything.
class MemoryScreen final : public MemoryHandle {
 public:
  // Adds to `text`, which outlives it.
  explicit MemoryScreen(std::string& text)
      : MemoryHandle("screen"), text_(text) {}

  ssize_t Read(absl::Span<char>) override { return 0; }
  ssize_t Write(absl::Span<const char> data) override {
    text_.append(data.data(), data.size());
    return static_cast<ssize_t>(data.size());
  }

 private:
  std::string& text_;
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_PIPE_H_
