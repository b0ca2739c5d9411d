#include "lev/net/stream_reader.h"

#include <algorithm>
#include <utility>

namespace lev {
namespace {

constexpr size_t kReadAhead = 16 * 1024;

}  // namespace

IoResult StreamReader::Some(size_t max, absl::string_view& data) {
  if (buffered().empty()) {
    pending_.reset();
    const size_t size = std::max(max, kReadAhead);
    const auto out = scratch_.first(std::min(size, scratch_.size()));
    const IoResult read = stream_->TryRead(out);
    if (!read.done()) return read;
    return HandOut({out.data(), read.bytes}, max, data);
  }
  data = Take(std::min(max, buffered().size()));
  return IoResult::Done(data.size());
}

IoResult StreamReader::Exactly(size_t size, absl::string_view& data) {
  if (buffered().empty() && size <= scratch_.size()) {
    pending_.reset();
    const size_t ahead = std::max(size, kReadAhead);
    const auto out = scratch_.first(std::min(ahead, scratch_.size()));
    const IoResult read = stream_->TryRead(out);
    if (!read.done() || read.bytes == 0) return read;
    if (read.bytes >= size) {
      return HandOut({out.data(), read.bytes}, size, data);
    }
    Keep({out.data(), read.bytes});
  }
  size_t moved = 0;
  while (buffered().size() < size) {
    if (moved >= kMostPerStep) return IoResult::Paused();
    const IoResult filled = Fill();
    if (!filled.done() || filled.bytes == 0) return filled;
    moved += filled.bytes;
  }
  data = Take(size);
  return IoResult::Done(size);
}

// Gives the first `size` of the bytes that were just read, and keeps the rest.
IoResult StreamReader::HandOut(absl::string_view bytes, size_t size,
                               absl::string_view& data) {
  data = bytes.substr(0, size);
  if (data.size() < bytes.size()) Keep(bytes.substr(size));
  return IoResult::Done(data.size());
}

IoResult StreamReader::Until(absl::string_view delimiter, size_t max,
                             absl::string_view& data) {
  too_long_ = false;
  size_t moved = 0;
  for (;;) {
    const absl::string_view all = buffered();
    const size_t found = all.find(delimiter, ScannedFor(delimiter));
    const size_t end = found + delimiter.size();
    if (found != absl::string_view::npos && end <= max) {
      data = Take(end);
      return IoResult::Done(end);
    }
    if (all.size() >= max) {
      too_long_ = true;
      return IoResult::Failed();
    }
    if (moved >= kMostPerStep) return IoResult::Paused();
    const size_t searched = all.size();
    const IoResult filled = Fill();
    if (!filled.done() || filled.bytes == 0) return filled;
    moved += filled.bytes;
    // The delimiter's first bytes may be among those searched already.
    const size_t overlap = std::min(searched, delimiter.size() - 1);
    pending_->scanned = searched - overlap;
    if (pending_->scanned_for != delimiter) {
      pending_->scanned_for = std::string(delimiter);
    }
  }
}

// How many of the bytes cannot begin `delimiter`. A search that was given up
// may have been for another one.
size_t StreamReader::ScannedFor(absl::string_view delimiter) const {
  if (pending_ == nullptr || pending_->scanned_for != delimiter) return 0;
  return pending_->scanned;
}

IoResult StreamReader::Fill() {
  const IoResult read = stream_->TryRead(scratch_);
  if (read.done() && read.bytes > 0) Keep({scratch_.data(), read.bytes});
  // Who waits for the first bytes needs no place for them yet.
  if (!read.done() && buffered().empty()) pending_.reset();
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

void StreamReader::Unread(absl::string_view bytes) {
  std::string all(bytes);
  const absl::string_view rest = buffered();
  all.append(rest.data(), rest.size());
  pending_ = std::make_unique<Pending>();
  pending_->bytes = std::move(all);
}

std::string StreamReader::SwitchTo(Stream& stream) {
  std::string rest(buffered());
  pending_.reset();
  stream_ = &stream;
  return rest;
}

// Appends to what is pending, and gives up what was taken of it.
void StreamReader::Keep(absl::string_view bytes) {
  if (pending_ == nullptr) pending_ = std::make_unique<Pending>();
  pending_->bytes.erase(0, std::exchange(pending_->taken, 0));
  pending_->bytes.append(bytes.data(), bytes.size());
}

}  // namespace lev
