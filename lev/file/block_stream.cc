#include "lev/file/block_stream.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/string_view.h"
#include "lev/net/error.h"

namespace lev {
namespace {

// The most that one call moves.
constexpr size_t kMostPerCall = 256 * 1024;

}  // namespace

IoResult BlockStream::Start(FileCallPtr call) {
  call_ = std::move(call);
  taken_ = 0;
  files_.Start(*call_);
  return IoResult::Done(call_->request().size);
}

IoResult BlockStream::Fail(int64_t result) {
  error_ = ErrnoError(static_cast<int>(-result));
  call_.reset();
  return IoResult::Failed();
}

IoResult BlockStream::Settle() {
  if (call_ == nullptr) return IoResult::Done(0);
  if (!call_->complete()) return IoResult::WantRead();
  return call_->kind() == FileCall::Kind::kWrite ? FinishWrite()
                                                 : IoResult::Done(0);
}

// call_ is a write, and complete: perhaps it has not written all.
IoResult BlockStream::FinishWrite() {
  for (;;) {
    const size_t size = call_->request().size;
    // None at all is no answer for a file.
    const int64_t result = call_->result() == 0 ? -EIO : call_->result();
    if (result < 0) {
      lost_ = size;
      return Fail(result);
    }
    if (options_.appends) {
      options_.offset = lseek(fd_, 0, SEEK_CUR);
    } else {
      options_.offset += result;
    }
    const auto done = static_cast<size_t>(result);
    if (done >= size) break;
    Start(FileCall::WriteRest(*call_, done));
    if (!call_->complete()) return IoResult::WantWrite();
  }
  call_.reset();
  return IoResult::Done(0);
}

IoResult BlockStream::TryRead(absl::Span<char> out) {
  const IoResult settled = Settle();
  if (!settled.done()) return settled;
  if (call_ == nullptr) {
    const int64_t at = seeks() ? options_.offset : FileRequest::kItsPosition;
    Start(FileCall::Read(fd_, at, std::min(out.size(), kMostPerCall)));
    if (!call_->complete()) return IoResult::WantRead();
  }
  if (call_->result() < 0) return Fail(call_->result());
  const absl::string_view rest = call_->data().substr(taken_);
  const size_t count = rest.copy(out.data(), out.size());
  taken_ += count;
  options_.offset += static_cast<int64_t>(count);
  if (count == rest.size()) call_.reset();
  return IoResult::Done(count);
}

IoResult BlockStream::TryWrite(absl::Span<const char> data) {
  const IoResult settled = Settle();
  if (!settled.done() || data.empty()) return settled;
  const bool anywhere = options_.appends || !seeks();
  const absl::string_view piece(data.data(),
                                std::min(data.size(), kMostPerCall));
  return Start(FileCall::Write(
      fd_, anywhere ? FileRequest::kItsPosition : options_.offset, piece));
}

void BlockStream::Seek(int64_t offset) {
  call_.reset();
  options_.offset = offset;
}

}  // namespace lev
