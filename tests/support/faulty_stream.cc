#include "tests/support/faulty_stream.h"

#include <errno.h>

#include <algorithm>

#include "lev/net/error.h"

namespace lev {

IoResult FaultyStream::TryRead(absl::Span<char> out) {
  if (Refuses(read_refused_)) return IoResult::WantRead();
  const size_t left = plan_.fail_read_at - read_;
  if (left == 0) return Fail();
  const size_t most = std::min({out.size(), plan_.max_read, left});
  const IoResult result = inner_.TryRead(out.first(most));
  read_ += result.bytes;
  return result;
}

IoResult FaultyStream::TryWrite(absl::Span<const char> data) {
  if (Refuses(write_refused_)) return IoResult::WantWrite();
  const size_t left = plan_.fail_write_at - written_;
  if (left == 0) return Fail();
  const size_t most = std::min({data.size(), plan_.max_write, left});
  const IoResult result = inner_.TryWrite(data.first(most));
  written_ += result.bytes;
  return result;
}

const absl::Status& FaultyStream::error() const {
  return error_.ok() ? inner_.error() : error_;
}

bool FaultyStream::Refuses(bool& refused) const {
  refused = plan_.block_first && !refused;
  return refused;
}

IoResult FaultyStream::Fail() {
  error_ = ErrnoError(ECONNRESET);
  return IoResult::Failed();
}

}  // namespace lev
