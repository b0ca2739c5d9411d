// A stream that breaks, by plan, what it decorates.

#ifndef TESTS_SUPPORT_FAULTY_STREAM_H_
#define TESTS_SUPPORT_FAULTY_STREAM_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/net/stream.h"

namespace lev {

struct FaultPlan {
  size_t max_read = SIZE_MAX;   // Bytes that one read moves at most.
  size_t max_write = SIZE_MAX;  // Bytes that one write moves at most.
  // Every read or write is refused once before it is tried.
  bool block_first = false;
  // So many bytes get through; then it fails, for ever, as a reset does.
  size_t fail_read_at = SIZE_MAX;
  size_t fail_write_at = SIZE_MAX;
};

// Borrows the stream it decorates.
class FaultyStream final : public Stream {
 public:
  FaultyStream(Stream& inner, FaultPlan plan) : inner_(inner), plan_(plan) {}

  IoResult TryRead(absl::Span<char> out) override;
  IoResult TryWrite(absl::Span<const char> data) override;
  IoResult TryShutdownWrite() override { return inner_.TryShutdownWrite(); }
  int fd() const override { return inner_.fd(); }
  const absl::Status& error() const override;

 private:
  // True if this attempt is one to be refused.
  bool Refuses(bool& refused) const;
  IoResult Fail();

  Stream& inner_;
  const FaultPlan plan_;
  absl::Status error_;
  size_t read_ = 0;
  size_t written_ = 0;
  bool read_refused_ = false;
  bool write_refused_ = false;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_FAULTY_STREAM_H_
