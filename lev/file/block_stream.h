// The stream over a descriptor that is always ready, and yet may keep a caller
// waiting for the disk: a file.
//
// TryRead and TryWrite start a call of the backend, and say that they want to
// be tried again when it is over: on busy(). There is one call at a time. A
// write takes a piece of the data and is done; the piece is then written
// whatever becomes of the writer, and if that fails, the next attempt at
// anything says so. What a read brings stays here until it is taken.

#ifndef LEV_FILE_BLOCK_STREAM_H_
#define LEV_FILE_BLOCK_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/file/file_backend.h"
#include "lev/file/file_call.h"
#include "lev/net/stream.h"

namespace lev {

class BlockStream final : public Stream {
 public:
  struct Options {
    // Reads and writes at offset(); otherwise at the descriptor's own
    // position, which others may share.
    bool seeks = true;
    bool appends = false;  // Writes at the end of the file.
    int64_t offset = 0;
  };

  BlockStream(FileBackend& files, int fd, Options options)
      : files_(files), fd_(fd), options_(options) {}

  IoResult TryRead(absl::Span<char> out) override;
  IoResult TryWrite(absl::Span<const char> data) override;
  IoResult TryShutdownWrite() override { return IoResult::Done(0); }
  int fd() const override { return fd_; }
  const absl::Status& error() const override { return error_; }

  // Done when no call is on its way. What was read and not taken stays.
  IoResult Settle();

  // Where to wait when anything wants to be tried again.
  WaitList& busy() { return *call_; }

  bool seeks() const { return options_.seeks; }
  // Where the next byte comes from, or goes. It is settled.
  int64_t offset() const { return options_.offset; }
  void Seek(int64_t offset);

  // After a failure: how many of the bytes that TryWrite has taken, counted
  // from the last, were not written.
  size_t lost() const { return lost_; }

  // The call that is on its way, or null; nothing is tried any more.
  FileCallPtr Release() { return std::move(call_); }

 private:
  IoResult FinishWrite();
  IoResult Start(FileCallPtr call);
  IoResult Fail(int64_t result);

  FileBackend& files_;
  const int fd_;
  Options options_;
  FileCallPtr call_;
  size_t taken_ = 0;  // Of what call_ has read.
  size_t lost_ = 0;
  absl::Status error_;
};

}  // namespace lev

#endif  // LEV_FILE_BLOCK_STREAM_H_
