#include "lev/net/stream_reader.h"

#include <algorithm>

namespace lev {

IoResult StreamReader::Some(size_t max, absl::string_view& data) {
  if (!buffered().empty()) {
    data = Take(std::min(max, buffered().size()));
    return IoResult::Done(data.size());
  }
  const auto out = scratch_.first(std::min(max, scratch_.size()));
  const IoResult read = stream_.TryRead(out);
  if (read.done()) data = {out.data(), read.bytes};
  return read;
}

IoResult StreamReader::Exactly(size_t size, absl::string_view& data) {
  if (buffered().empty() && size <= scratch_.size()) {
    const IoResult read = stream_.TryRead(scratch_.first(size));
    if (!read.done() || read.bytes == 0) return read;
    if (read.bytes == size) {
      data = {scratch_.data(), size};
      return read;
    }
    Compact();
    buffer_.append(scratch_.data(), read.bytes);
  }
  while (buffered().size() < size) {
    const IoResult filled = Fill();
    if (!filled.done() || filled.bytes == 0) return filled;
  }
  data = Take(size);
  return IoResult::Done(size);
}

IoResult StreamReader::Until(absl::string_view delimiter, size_t max,
                             absl::string_view& data) {
  too_long_ = false;
  // A search that was given up may have sought something else.
  if (scanned_ != 0 && scanned_for_ != delimiter) scanned_ = 0;
  for (;;) {
    const absl::string_view all = buffered();
    const size_t found = all.find(delimiter, scanned_);
    const size_t end = found + delimiter.size();
    if (found != absl::string_view::npos && end <= max) {
      data = Take(end);
      return IoResult::Done(end);
    }
    if (all.size() >= max) {
      too_long_ = true;
      return IoResult::Failed();
    }
    // The delimiter's first bytes may have arrived already.
    const size_t overlap = delimiter.size() - 1;
    const size_t scanned = all.size() - std::min(all.size(), overlap);
    const IoResult filled = Fill();
    if (!filled.done() || filled.bytes == 0) return filled;
    scanned_ = scanned;
    if (scanned_for_ != delimiter) scanned_for_ = std::string(delimiter);
  }
}

IoResult StreamReader::Fill() {
  const IoResult read = stream_.TryRead(scratch_);
  if (!read.done()) return read;
  Compact();
  buffer_.append(scratch_.data(), read.bytes);
  return read;
}

absl::string_view StreamReader::Take(size_t size) {
  const absl::string_view taken = buffered().substr(0, size);
  begin_ += size;
  scanned_ = 0;
  return taken;
}

// Drops what was taken; an emptied buffer gives back its memory.
void StreamReader::Compact() {
  if (begin_ == 0) return;
  buffer_.erase(0, begin_);
  begin_ = 0;
  if (buffer_.empty()) buffer_ = std::string();
}

}  // namespace lev
