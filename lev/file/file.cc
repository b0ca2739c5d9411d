#include "lev/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "lev/net/error.h"

namespace lev {
namespace {

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

}  // namespace

const absl::Status& FileClosedError() {
  static const absl::Status* const error =
      new absl::Status(absl::StatusCode::kFailedPrecondition, "file is closed");
  return *error;
}

File::File(EventLoop& loop, FileBackend& files, absl::Span<char> scratch)
    : loop_(loop), files_(files), scratch_(scratch) {}

File::~File() { Close(); }

Step File::Enter(const void* user, bool mine) {
  if (closed_) return Fail(FileClosedError());
  const bool taken = user_ != user && (user_ != nullptr || queue_.promised());
  if (taken || (queue_.occupied() && !mine)) return Step::Blocked(queue_);
  user_ = user;
  return Step::Done();
}

void File::Leave(const void* user) {
  if (user_ != user) return;
  user_ = nullptr;
  stale_ = call_ != nullptr;
  if (!closed_) loop_.FireOne(queue_);
}

void File::Lose(const void* user) {
  Leave(user);
  // Perhaps it had been woken to begin, and did not.
  if (user_ == nullptr && !closed_ && !queue_.promised()) {
    loop_.FireOne(queue_);
  }
}

Step File::Open(absl::string_view path, int flags, mode_t mode) {
  if (!fd_.valid()) {
    const Step opened = Await([&] {
      return FileCall::Open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                            mode);
    });
    if (!opened.done()) return opened;
    fd_ = call_->TakeFd();
    call_.reset();
  }
  const Step looked = Await([this] { return FileCall::Stat(fd()); });
  if (!looked.done()) return looked;
  Opened(call_->request().info, flags);
  call_.reset();
  return Step::Done();
}

void File::Opened(const struct statx& info, int flags) {
  const bool is_fifo = S_ISFIFO(info.stx_mode);
  const bool is_device = S_ISCHR(info.stx_mode);
  if ((is_fifo || is_device) && Poll()) {
    // To read from a FIFO without a writer would look like its end.
    watch_.readiness().readable = !is_fifo;
    pipe_.emplace(fd(), watch_.readiness(), FdStream::Kind::kPipe);
  } else {
    // Some filesystems take it for a wish not to wait for the disk.
    const int before = fcntl(fd(), F_GETFL);
    fcntl(fd(), F_SETFL, before & ~O_NONBLOCK);
    block_.emplace(files_, fd(),
                   BlockStream::Options{.seeks = !is_fifo && !is_device,
                                        .appends = (flags & O_APPEND) != 0});
  }
  UseStream();
}

// Whether the poller takes it: it does not take what never blocks.
bool File::Poll() {
  watch_.Open(loop_, fd());
  const bool registered = watch_.Register().ok();
  if (!registered) watch_.Close();
  return registered;
}

void File::Adopt(OwnedFd file, bool seeks) {
  fd_ = std::move(file);
  const int64_t offset = seeks ? lseek(fd(), 0, SEEK_CUR) : 0;
  block_.emplace(files_, fd(),
                 BlockStream::Options{.seeks = seeks, .offset = offset});
  UseStream();
}

void File::UseStream() {
  reader_.emplace(stream(), scratch_);
  has_opened_ = true;
}

Stream& File::stream() {
  if (pipe_.has_value()) return *pipe_;
  return *block_;
}

// What every verb begins with: it is open, and nothing is left of a call that
// was given up.
Step File::Ready() {
  if (!is_open()) return Fail(FileClosedError());
  if (!stale_) return Step::Done();
  if (!call_->complete()) return Step::Blocked(*call_);
  call_.reset();
  stale_ = false;
  return Step::Done();
}

// Makes a call, and waits for it; done with call_, which is complete and has
// succeeded. The caller resets it.
Step File::Await(MakeCall make) {
  if (closed_) return Fail(FileClosedError());
  if (call_ == nullptr) {
    call_ = make();
    files_.Start(*call_);
  }
  if (!call_->complete()) return Step::Blocked(*call_);
  if (call_->result() >= 0) return Step::Done();
  const auto error = static_cast<int>(-call_->result());
  call_.reset();
  return FailWith(error);
}

Step File::ReadSome(size_t max, absl::string_view& data) {
  const Step ready = Ready();
  if (!ready.done()) return ready;
  return ToStep(reader_->Some(max, data));
}

Step File::ReadExactly(size_t size, absl::string_view& data) {
  const Step ready = Ready();
  if (!ready.done()) return ready;
  const IoResult result = reader_->Exactly(size, data);
  if (result.end_of_file()) data = reader_->Take(kNoLimit);
  return ToStep(result);
}

Step File::ReadLine(absl::string_view& data) {
  const Step ready = Ready();
  if (!ready.done()) return ready;
  const IoResult result = reader_->Until("\n", kNoLimit, data);
  if (result.end_of_file()) data = reader_->Take(kNoLimit);
  return ToStep(result);
}

Step File::ReadAll(absl::string_view& data) {
  const Step ready = Ready();
  if (!ready.done()) return ready;
  size_t moved = 0;
  for (;;) {
    if (moved >= kMostPerStep) return ToStep(IoResult::Paused());
    const IoResult result = reader_->Fill();
    if (!result.done()) return ToStep(result);
    if (result.bytes == 0) break;
    moved += result.bytes;
  }
  data = reader_->Take(kNoLimit);
  return Step::Done();
}

Step File::FindEnd(bool& at_end) {
  const Step ready = Ready();
  if (!ready.done()) return ready;
  at_end = false;
  if (!reader_->buffered().empty()) return Step::Done();
  const IoResult result = reader_->Fill();
  at_end = result.end_of_file();
  return ToStep(result);
}

// The position goes back to where the reader's user is. It is settled.
void File::ForgetReadAhead() {
  if (!block_.has_value() || !block_->seeks()) return;
  const auto ahead = static_cast<int64_t>(reader_->buffered().size());
  reader_->SwitchTo(*block_);
  block_->Seek(block_->offset() - ahead);
}

Step File::Write(absl::string_view data, size_t& sent) {
  const Step settled = Flush();
  if (!settled.done()) {
    if (settled.failed() && block_.has_value()) {
      sent -= std::min(sent, block_->lost());
    }
    return settled;
  }
  if (sent >= data.size()) return Step::Done();
  ForgetReadAhead();
  const size_t pause = sent + kMostPerStep;
  while (sent < data.size()) {
    if (sent >= pause) return ToStep(IoResult::Paused());
    const absl::string_view rest = data.substr(sent);
    const IoResult result = stream().TryWrite({rest.data(), rest.size()});
    if (result.failed() && block_.has_value()) {
      sent -= std::min(sent, block_->lost());
    }
    if (!result.done()) return ToStep(result);
    sent += result.bytes;
  }
  return Write(data, sent);
}

Step File::Flush() {
  const Step ready = Ready();
  if (!ready.done() || !block_.has_value()) return ready;
  return ToStep(block_->Settle());
}

Step File::Seek(int whence, int64_t offset, int64_t& position) {
  const Step settled = Flush();
  if (!settled.done()) return settled;
  if (!block_.has_value() || !block_->seeks()) return FailWith(ESPIPE);
  const auto ahead = static_cast<int64_t>(reader_->buffered().size());
  const int64_t now = block_->offset() - ahead;
  int64_t base = whence == SEEK_CUR ? now : 0;
  if (whence == SEEK_END) {
    const Step looked = GetSize(base);
    if (!looked.done()) return looked;
  }
  if (__builtin_add_overflow(base, offset, &position) || position < 0) {
    return FailWith(EINVAL);
  }
  if (position == now) return Step::Done();
  ForgetReadAhead();
  block_->Seek(position);
  return Step::Done();
}

Step File::GetSize(int64_t& size) {
  const Step settled = Flush();
  if (!settled.done()) return settled;
  const Step looked = Await([this] { return FileCall::Stat(fd()); });
  if (!looked.done()) return looked;
  size = static_cast<int64_t>(call_->request().info.stx_size);
  call_.reset();
  return Step::Done();
}

Step File::Truncate(int64_t size) {
  const Step settled = Flush();
  if (!settled.done()) return settled;
  ForgetReadAhead();
  const Step cut = Await([&] { return FileCall::Truncate(fd(), size); });
  if (cut.done()) call_.reset();
  return cut;
}

Step File::Sync(bool data_only) {
  const Step settled = Flush();
  if (!settled.done()) return settled;
  const Step synced = Await([&] { return FileCall::Sync(fd(), data_only); });
  if (synced.done()) call_.reset();
  return synced;
}

void File::Close() {
  if (std::exchange(closed_, true)) return;
  watch_.Close();
  FileCallPtr last = block_.has_value() ? block_->Release() : nullptr;
  if (call_ != nullptr) last = std::move(call_);
  reader_.reset();
  if (fd_.valid()) {
    // Not while a call may still use its number.
    FileCallPtr close = FileCall::Close(fd_.Release());
    if (last != nullptr && last->running()) {
      last->Follow(std::move(close));
    } else {
      files_.Forget(std::move(close));
    }
  }
  last.reset();
  loop_.FireAll(queue_);
  loop_.FireAll(pause_);
}

Step File::Fail(absl::Status error) {
  error_ = std::move(error);
  return Step::Failed();
}

Step File::FailWith(int error) { return Fail(ErrnoError(error)); }

Step File::ToStep(IoResult result) {
  switch (result.kind) {
    case IoResult::Kind::kDone:
      return Step::Done();
    case IoResult::Kind::kFailed:
      return Fail(stream().error());
    case IoResult::Kind::kPaused:
      return Step::Blocked(pause_, true);
    default:
      break;
  }
  if (block_.has_value()) return Step::Blocked(block_->busy());
  const bool reads = result.kind == IoResult::Kind::kWantRead;
  return Step::Blocked(reads ? watch_.readers() : watch_.writers());
}

}  // namespace lev
