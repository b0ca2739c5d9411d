#include "lev/net/stream_reader.h"

#include <algorithm>
#include <utility>

namespace lev {

IoResult StreamReader::Some(size_t max, absl::string_view& data) {
  if (!buffered().empty()) {
    data = Take(std::min(max, buffered().size()));
    return IoResult::Done(data.size());
  }
  pending_.reset();
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
    Keep({scratch_.data(), read.bytes});
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
  for (;;) {
    const absl::string_view all = buffered();
    const size_t from = pending_ == nullptr ? 0 : pending_->scanned;
    const size_t found = all.find(delimiter, from);
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
    pending_->scanned = scanned;
  }
}

IoResult StreamReader::Fill() {
  const IoResult read = stream_.TryRead(scratch_);
  if (read.done() && read.bytes > 0) Keep({scratch_.data(), read.bytes});
  return read;
}

absl::string_view StreamReader::Take(size_t size) {
  const absl::string_view taken = buffered().substr(0, size);
  if (pending_ != nullptr) {
    pending_->taken += taken.size();
    pending_->scanned = 0;
  }
  return taken;
}

// Appends to what is pending, and gives up what was taken of it.
void StreamReader::Keep(absl::string_view bytes) {
  if (pending_ == nullptr) pending_ = std::make_unique<Pending>();
  pending_->bytes.erase(0, std::exchange(pending_->taken, 0));
  pending_->bytes.append(bytes.data(), bytes.size());
}

}  // namespace lev
