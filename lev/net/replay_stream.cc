#include "lev/net/replay_stream.h"

namespace lev {

IoResult ReplayStream::TryRead(absl::Span<char> out) {
  if (replayed_ == early_.size()) return stream_.TryRead(out);
  const size_t count = early_.copy(out.data(), out.size(), replayed_);
  replayed_ += count;
  if (replayed_ == early_.size()) {
    early_ = std::string();
    replayed_ = 0;
  }
  return IoResult::Done(count);
}

}  // namespace lev
