#include "lev/net/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"

namespace lev {

Connection::Connection(EventLoop& loop, OwnedFd fd, absl::Span<char> scratch,
                       FdStream::Kind kind)
    : fd_(std::move(fd)),
      stream_(fd_.ref(), watch_.readiness(), kind),
      reader_(stream_, scratch) {
  watch_.Open(loop, fd_.get());
}

Connection::~Connection() { Close(); }

Step Connection::Connect(const Address& peer) {
  if (!is_open() || upgrading()) return Unusable();
  // The kernel would say so only the second time.
  if (connected_) return Fail(ErrnoError(EISCONN));
  absl::Status error;
  const IoResult result = connecting_ ? FinishConnect(ref(), error)
                                      : StartConnect(ref(), peer, error);
  connecting_ = !result.done() && !result.failed();
  connected_ = result.done();
  if (result.failed()) {
    const bool full = ErrnoOf(error) == EAGAIN;
    return full ? QueueUp() : Fail(std::move(error));
  }
  connect_queue_.reset();
  return ToStep(result);
}

// The kernel tells nobody when there is room again.
Step Connection::QueueUp() {
  constexpr Nanos kRetry = 10 * kMillisecond;
  if (connect_queue_ == nullptr) {
    connect_queue_ = std::make_unique<ConnectQueue>(watch_.loop());
  }
  connect_queue_->RetryAfter(kRetry);
  return Step::Blocked(*connect_queue_);
}

void Connection::BeginUpgrade(MakeStream make) {
  // What was read early goes to the new stream; the reader reads from that.
  auto upgrade = std::make_unique<Upgrade>(reader_.SwitchTo(stream_), stream_);
  upgrade->upper = make(upgrade->beneath);
  upgrade_ = std::move(upgrade);
  reader_.SwitchTo(*upper());
  watch_.Entangle();
}

Step Connection::RecvSome(size_t max, absl::string_view& data) {
  if (!usable()) return Unusable();
  return ToReadStep(reader_.Some(max, data));
}

Step Connection::RecvExactly(size_t size, absl::string_view& data) {
  if (!usable()) return Unusable();
  return ToReadStep(reader_.Exactly(size, data));
}

Step Connection::RecvUntil(absl::string_view delimiter, size_t max,
                           absl::string_view& data) {
  if (!usable()) return Unusable();
  const IoResult result = reader_.Until(delimiter, max, data);
  if (result.failed() && reader_.too_long()) return Fail(TooLongError(max));
  return ToReadStep(result);
}

Step Connection::Fill() {
  if (!usable()) return Unusable();
  return ToReadStep(reader_.Fill());
}

Step Connection::FillToEnd(size_t max) {
  if (!usable()) return Unusable();
  const size_t pause = reader_.buffered().size() + kMostPerStep;
  while (reader_.buffered().size() <= max) {
    if (reader_.buffered().size() >= pause) {
      return WaitOn(watch_.readers(), true);
    }
    const IoResult result = reader_.Fill();
    if (result.end_of_file()) return Step::Done();
    if (!result.done()) return ToStep(result);
  }
  return Fail(TooMuchError(max));
}

// Whether `sender` may go on, or begin, because it comes before all others.
bool Connection::TakesTurn(const void* sender, bool mine) {
  const bool promised = send_queue_ != nullptr && send_queue_->promised();
  const bool queued = send_queue_ != nullptr && send_queue_->occupied();
  const bool taken = sender_ != sender && (sender_ != nullptr || promised);
  if (taken || (queued && !mine)) return false;
  sender_ = sender;
  return true;
}

Step Connection::AwaitTurn() {
  if (send_queue_ == nullptr) send_queue_ = std::make_unique<SendQueue>();
  return Step::Blocked(*send_queue_);
}

Step Connection::Send(const void* sender, bool mine, absl::string_view data,
                      size_t& sent) {
  if (!usable()) return Unusable();
  if (!TakesTurn(sender, mine)) return AwaitTurn();
  const size_t pause = sent + kMostPerStep;
  while (sent < data.size()) {
    if (sent >= pause) return WaitOn(watch_.writers(), true);
    const absl::string_view rest = data.substr(sent);
    const IoResult result = stream().TryWrite({rest.data(), rest.size()});
    if (!result.done()) return ToStep(result);
    sent += result.bytes;
  }
  return upgrade_ == nullptr ? Step::Done() : ToStep(stream().TryWrite({}));
}

Step Connection::SendFile(const void* sender, bool mine, int file,
                          uint64_t offset, uint64_t count, uint64_t& sent) {
  if (!usable()) return Unusable();
  if (!TakesTurn(sender, mine)) return AwaitTurn();
  const uint64_t pause = sent + kMostPerStep;
  while (sent < count) {
    if (sent >= pause) return WaitOn(watch_.writers(), true);
    const auto from = static_cast<off_t>(offset + sent);
    const uint64_t most = std::min<uint64_t>(count - sent, kMostPerStep);
    size_t moved = 0;
    const Step step = MoveFile(file, from, most, moved);
    if (!step.done()) return step;
    if (moved == 0) break;
    sent += moved;
  }
  return upgrade_ == nullptr ? Step::Done() : ToStep(stream().TryWrite({}));
}

// Through the kernel if it can, else through this process.
Step Connection::MoveFile(int file, off_t from, size_t most, size_t& moved) {
  IoResult result;
  if (upgrade_ == nullptr && stream_.sends_files()) {
    result = stream_.TrySendFile(file, from, most);
  } else {
    const absl::Span<char> scratch = reader_.scratch();
    const absl::Span<char> block =
        scratch.first(std::min(most, scratch.size()));
    const ssize_t count = pread(file, block.data(), block.size(), from);
    if (count < 0) return Fail(ErrnoError(errno));
    if (count == 0) return Step::Done();
    result = stream().TryWrite(block.first(count));
  }
  moved = result.bytes;
  return ToStep(result);
}

Step Connection::SendFds(const void* sender, bool mine, absl::string_view data,
                         absl::Span<const int> fds, size_t& sent) {
  if (!usable()) return Unusable();
  if (!TakesTurn(sender, mine)) return AwaitTurn();
  if (sent == 0) {
    const IoResult result =
        stream_.TryWriteWithFds({data.data(), data.size()}, fds);
    if (!result.done()) return ToStep(result);
    sent += result.bytes;
  }
  return Send(sender, true, data, sent);
}

void Connection::EndSend(const void* sender) {
  if (sender_ != sender) return;
  sender_ = nullptr;
  if (send_queue_ != nullptr && is_open()) {
    watch_.loop().FireOne(*send_queue_);
  }
}

void Connection::LoseSender(const void* sender) {
  EndSend(sender);
  // Perhaps it had been woken to begin, and did not.
  if (sender_ == nullptr && send_queue_ != nullptr && is_open() &&
      !send_queue_->promised()) {
    watch_.loop().FireOne(*send_queue_);
  }
}

absl::Status Connection::Shutdown(int how) {
  if (!is_open()) return SocketClosedError();
  if (upgrade_ != nullptr && how != SHUT_RD) upper()->TryShutdownWrite();
  return lev::Shutdown(ref(), how);
}

OwnedFd Connection::Release() {
  StopWaiting();
  return std::move(fd_);
}

void Connection::Close() {
  if (!is_open()) return;
  if (upgrade_ != nullptr) {
    upper()->TryShutdownWrite();
    // What TLS says unasked (a ticket) must not stay unread: the kernel would
    // reset the connection, and drop what it still has to send. It may have
    // come without the loop having heard of it.
    watch_.readiness().readable = true;
    stream_.TryRead(reader_.scratch());
    // Much memory, of which a collector of garbage would know nothing.
    reader_.SwitchTo(stream_);
    upgrade_.reset();
  }
  StopWaiting();
  fd_.Close();
}

// Wakes all who wait. No timer outlives this: the loop may end before the
// connection does.
void Connection::StopWaiting() {
  if (!is_open()) return;
  if (send_queue_ != nullptr) watch_.loop().FireAll(*send_queue_);
  if (connect_queue_ != nullptr) watch_.loop().FireAll(*connect_queue_);
  connect_queue_.reset();
  watch_.Close();
}

Step Connection::Unusable() {
  return Fail(is_open() ? BusyError() : SocketClosedError());
}

Step Connection::Fail(absl::Status error) {
  error_ = std::move(error);
  return Step::Failed();
}

Step Connection::ToReadStep(IoResult result) {
  if (result.end_of_file()) return Fail(PeerClosedError());
  return ToStep(result);
}

Step Connection::ToStep(IoResult result) {
  switch (result.kind) {
    case IoResult::Kind::kDone:
      return Step::Done();
    case IoResult::Kind::kFailed:
      return Fail(stream().error());
    case IoResult::Kind::kWantRead:
      return WaitOn(watch_.readers());
    case IoResult::Kind::kPaused:
      return WaitOn(watch_.readers(), true);
    case IoResult::Kind::kWantWrite:
      return WaitOn(watch_.writers());
  }
  return Step::Failed();
}

Step Connection::WaitOn(WaitList& list, bool ready) {
  // Who only pauses waits for nothing; and the poller takes no files.
  if (ready) return Step::Blocked(list, true);
  absl::Status registered = watch_.Register();
  if (!registered.ok()) return Fail(std::move(registered));
  return Step::Blocked(list);
}

}  // namespace lev
