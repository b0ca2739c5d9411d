#include "lev/net/memory_stream.h"

#include <algorithm>

#include "lev/net/error.h"

namespace lev {

MemoryStreamPair::MemoryStreamPair(size_t capacity)
    : a_(b_to_a_, a_to_b_, capacity), b_(a_to_b_, b_to_a_, capacity) {}

IoResult MemoryStreamPair::End::TryRead(absl::Span<char> out) {
  if (in_.bytes.empty()) {
    return in_.shut ? IoResult::Done(0) : IoResult::WantRead();
  }
  const size_t count = std::min(out.size(), in_.bytes.size());
  in_.bytes.copy(out.data(), count);
  in_.bytes.erase(0, count);
  return IoResult::Done(count);
}

IoResult MemoryStreamPair::End::TryWrite(absl::Span<const char> data) {
  if (out_.shut) {
    error_ = PeerClosedError();
    return IoResult::Failed();
  }
  if (data.empty()) return IoResult::Done(0);
  const size_t room = capacity_ - out_.bytes.size();
  if (room == 0) return IoResult::WantWrite();
  const size_t count = std::min(room, data.size());
  out_.bytes.append(data.data(), count);
  return IoResult::Done(count);
}

IoResult MemoryStreamPair::End::TryShutdownWrite() {
  out_.shut = true;
  return IoResult::Done(0);
}

}  // namespace lev
