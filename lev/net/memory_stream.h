// A connected pair of streams in memory.
//
// What one end writes the other reads. Each direction holds up to `capacity`
// bytes; a full one makes the writer want to write, an empty one the reader
// want to read. There is no descriptor: whoever drives the pair decides when
// to try again.

#ifndef LEV_NET_MEMORY_STREAM_H_
#define LEV_NET_MEMORY_STREAM_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/net/stream.h"

namespace lev {

// Owns the bytes of both directions; outlives the use of its two ends.
class MemoryStreamPair {
 public:
  explicit MemoryStreamPair(size_t capacity = 64 * 1024);

  Stream& a() { return a_; }
  Stream& b() { return b_; }

 private:
  struct Pipe {
    std::string bytes;
    bool shut = false;  // The writer has shut down.
  };

  class End final : public Stream {
   public:
    End(Pipe& in, Pipe& out, size_t capacity)
        : in_(in), out_(out), capacity_(capacity) {}

    IoResult TryRead(absl::Span<char> out) override;
    IoResult TryWrite(absl::Span<const char> data) override;
    IoResult TryShutdownWrite() override;
    int fd() const override { return -1; }
    const absl::Status& error() const override { return error_; }

   private:
    Pipe& in_;
    Pipe& out_;
    const size_t capacity_;
    absl::Status error_;
  };

  Pipe a_to_b_;
  Pipe b_to_a_;
  End a_;
  End b_;
};

}  // namespace lev

#endif  // LEV_NET_MEMORY_STREAM_H_
