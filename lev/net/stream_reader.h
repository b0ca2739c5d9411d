// Reading in pieces that suit the reader rather than the network.
//
// Each method is a step: it makes progress or says which way it is blocked,
// and may be called again. What has arrived but was not taken stays here, so
// a read that is given up half-way (timeout, cancel) loses nothing.
//
// The reader borrows its stream, and a scratch buffer which many readers of
// one thread share: bytes that are taken as they arrive are never copied
// twice, and an idle connection holds no buffer. It reads somewhat ahead of
// small requests: that saves system calls, among them the one that would only
// find out that the kernel has nothing left.

#ifndef LEV_NET_STREAM_READER_H_
#define LEV_NET_STREAM_READER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/net/io_result.h"
#include "lev/net/stream.h"

namespace lev {

class StreamReader {
 public:
  StreamReader(Stream& stream, absl::Span<char> scratch)
      : stream_(&stream), scratch_(scratch) {}
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  // The next steps set `data` when they are done, to bytes that are valid
  // until the next call of anything here, and are taken. Done with no bytes
  // is the end of the file; what arrived before it can still be taken. A step
  // that has moved much pauses although there is more.

  // At least one byte, at most `max` (at least 1).
  IoResult Some(size_t max, absl::string_view& data);

  // Exactly `size` bytes, at least 1.
  IoResult Exactly(size_t size, absl::string_view& data);

  // Everything up to and including `delimiter`, which is not empty. Failed,
  // with nothing taken, once `max` bytes hold none: see too_long().
  IoResult Until(absl::string_view delimiter, size_t max,
                 absl::string_view& data);
  bool too_long() const { return too_long_; }

  // For other ways of cutting: what has arrived, getting more (Done says how
  // much; none at the end of the file), and taking the first `size` bytes.
  absl::string_view buffered() const {
    if (pending_ == nullptr) return {};
    return absl::string_view(pending_->bytes).substr(pending_->taken);
  }
  IoResult Fill();
  absl::string_view Take(size_t size);

  // Puts bytes back, in front of what is buffered.
  void Unread(absl::string_view bytes);

  absl::Span<char> scratch() const { return scratch_; }

  // Reads from another stream from now on; returns what has arrived from the
  // old one and was not taken.
  std::string SwitchTo(Stream& stream);

 private:
  // What has arrived and was not taken: most readers never have any.
  struct Pending {
    std::string bytes;
    size_t taken = 0;         // Of them, from the front.
    size_t scanned = 0;       // Behind those, in which Until found no...
    std::string scanned_for;  // ...such delimiter.
  };

  IoResult HandOut(absl::string_view bytes, size_t size,
                   absl::string_view& data);
  size_t ScannedFor(absl::string_view delimiter) const;
  void Keep(absl::string_view bytes);

  Stream* stream_;
  const absl::Span<char> scratch_;
  std::unique_ptr<Pending> pending_;
  bool too_long_ = false;
};

}  // namespace lev

#endif  // LEV_NET_STREAM_READER_H_
