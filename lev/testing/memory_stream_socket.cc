#include "lev/testing/memory_stream_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "lev/loop/fake_poller.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"

namespace lev {
namespace {

// The most in one packet.
constexpr size_t kSegment = size_t{16} << 10;

constexpr Nanos kSynTimeout = kSecond;
constexpr int kMostSyns = 7;
constexpr Nanos kTimeout = 200 * kMillisecond;
constexpr Nanos kLongestTimeout = 120 * kSecond;
constexpr int kMostLosses = 15;

}  // namespace

int MemoryStreamSocket::Shutdown(int how) {
  if (state_ == State::kListening) {
    return how == SHUT_WR ? 0 : -ENOTCONN;
  }
  if (state_ != State::kOpen) return -ENOTCONN;
  if (how != SHUT_WR) {
    deaf_ = true;
    poller().EndReading(fd);
  }
  if (how != SHUT_RD) {
    ending_ = true;
    poller().MakeWritable(fd);
    Pump();
  }
  return 0;
}

size_t MemoryStreamSocket::SendRoom() const {
  const auto most = static_cast<size_t>(Option(SOL_SOCKET, SO_SNDBUF, kBuffer));
  return most - std::min(most, unacknowledged_.size());
}

// Until there is room again.
void MemoryStreamSocket::Starve() {
  starved_ = true;
  poller().MakeUnwritable(fd);
}

// Where the peer will find them when the bytes arrive.
void MemoryStreamSocket::Pass(Rights rights, size_t size) {
  MemorySocket* const peer = network().FindSocket(peer_id_);
  if (rights.empty() || size == 0 || family() != AF_UNIX || !peer) return;
  static_cast<MemoryStreamSocket*>(peer)->passed_.push_back(
      {end(), end() + size, std::move(rights)});
}

ssize_t MemoryStreamSocket::Send(absl::Span<const char> data, const Address* to,
                                 Rights rights) {
  if (to != nullptr && state_ == State::kOpen) return -EISCONN;
  if (error_ != 0) return -TakeError();
  if (state_ == State::kConnecting) return -EAGAIN;
  if (state_ != State::kOpen || ending_) return -EPIPE;
  const size_t size = std::min(data.size(), SendRoom());
  if (size == 0 && !data.empty()) {
    Starve();
    return -EAGAIN;
  }
  Pass(std::move(rights), size);
  unacknowledged_.append(data.data(), size);
  if (SendRoom() == 0) Starve();
  Pump();
  return static_cast<ssize_t>(size);
}

// Sends what there is room for, and the end.
void MemoryStreamSocket::Pump() {
  const LinkPlan& plan = network().PlanOf(host(), *peer_host_);
  while (state_ == State::kOpen && next_ < end()) {
    uint64_t size = std::min<uint64_t>(end() - next_, kSegment);
    if (plan.piece > 0) size = std::min<uint64_t>(size, plan.piece);
    size = std::min(size, limit_ - std::min(limit_, next_));
    if (size == 0) return;
    SendData(size, false);
  }
  const bool all = ending_ && !finished_ && next_ == end();
  if (state_ == State::kOpen && all) SendData(0, true);
}

void MemoryStreamSocket::SendData(size_t size, bool fin) {
  const int64_t most = network().PlanOf(host(), *peer_host_).reset_after;
  const auto left = static_cast<uint64_t>(most) - next_;
  const bool breaks =
      most >= 0 && (next_ >= static_cast<uint64_t>(most) || size >= left);
  if (breaks && size > left) size = left;
  Packet packet = NewPacket(Packet::Kind::kData);
  packet.seq = next_;
  packet.fin = fin;
  packet.data = unacknowledged_.substr(next_ - first_, size);
  next_ += size + (fin ? 1 : 0);
  network().Send(host(), *peer_host_, std::move(packet));
  if (!breaks) return;
  SendReset();
  Fail(ECONNRESET);
}

void MemoryStreamSocket::ArriveAck(const Packet& packet) {
  limit_ = std::max(limit_, packet.ack + packet.window);
  if (packet.ack > first_) {
    losses_ = 0;
    finished_ = packet.ack > end();
    unacknowledged_.erase(0, std::min(packet.ack, end()) - first_);
    first_ = packet.ack;
    next_ = std::max(next_, first_);
    if (finished_) return EndIfDone();
  }
  if (starved_ && SendRoom() > 0) {
    starved_ = false;
    if (fd >= 0) poller().MakeWritable(fd);
  }
  Pump();
}

// Each loss is told; the first begins a wait.
void MemoryStreamSocket::Lose() {
  if (retrying_) return;
  retrying_ = true;
  ++losses_;
  Nanos delay = state_ == State::kConnecting ? kSynTimeout : kTimeout;
  for (int i = 1; i < losses_; ++i)
    delay = std::min(delay * 2, kLongestTimeout);
  network().Later(delay, id(), [](MemorySocket& socket) {
    static_cast<MemoryStreamSocket&>(socket).Retry();
  });
}

void MemoryStreamSocket::Retry() {
  retrying_ = false;
  if (state_ == State::kConnecting) {
    return losses_ >= kMostSyns ? Fail(ETIMEDOUT) : SendSyn();
  }
  if (state_ != State::kOpen) return;
  if (losses_ > kMostLosses) return Fail(ETIMEDOUT);
  next_ = first_;
  const uint64_t before = next_;
  Pump();
  // Nothing to send, or no room for it: that may have changed.
  if (state_ == State::kOpen && next_ == before) {
    Packet probe = NewPacket(Packet::Kind::kData);
    probe.seq = before;
    network().Send(host(), *peer_host_, std::move(probe));
  }
}

size_t MemoryStreamSocket::Capacity() const {
  return static_cast<size_t>(
      std::max<int64_t>(Option(SOL_SOCKET, SO_RCVBUF, kBuffer), 1));
}

size_t MemoryStreamSocket::Window() const {
  return Capacity() - std::min(Capacity(), arrived_.size());
}

void MemoryStreamSocket::SendAck() {
  Packet packet = NewPacket(Packet::Kind::kAck);
  packet.ack = expected_;
  packet.window = Window();
  told_ = expected_ + packet.window;
  network().Send(host(), *peer_host_, std::move(packet));
}

void MemoryStreamSocket::ArriveData(Packet packet) {
  if (orphan_ && !packet.data.empty()) {
    SendReset();
    return network().Bury(*this);
  }
  const uint64_t end = packet.seq + packet.data.size();
  if (packet.seq <= expected_ && end >= expected_ && !ended_) {
    packet.data.erase(0, expected_ - packet.seq);
    const size_t size = std::min(packet.data.size(), Window());
    arrived_.append(packet.data, 0, size);
    expected_ += size;
    if (size > 0 && fd >= 0) poller().MakeReadable(fd);
    if (packet.fin && expected_ == end) {
      ended_ = true;
      ++expected_;
      if (fd >= 0) poller().EndReading(fd);
    }
  }
  SendAck();
  EndIfDone();
}

ssize_t MemoryStreamSocket::Recv(absl::Span<char> out, Arrival& arrival) {
  size_t size = std::min(out.size(), arrived_.size());
  if (size > 0 && !passed_.empty() && passed_.front().begin < taken_ + size) {
    size = std::min<uint64_t>(size, passed_.front().end - taken_);
    arrival.rights = std::move(passed_.front().rights);
    passed_.pop_front();
  }
  arrival.whole = size;
  if (size > 0) {
    arrived_.copy(out.data(), size);
    arrived_.erase(0, size);
    taken_ += size;
    const bool more = !arrived_.empty() || ended_ || deaf_;
    if (!more && state_ == State::kOpen) poller().MakeUnreadable(fd);
    // The peer may have been waiting for room.
    const uint64_t news = expected_ + Window() - told_;
    const bool much = news >= std::min(kSegment, Capacity() / 2);
    if (state_ == State::kOpen && much) SendAck();
    return static_cast<ssize_t>(size);
  }
  if (error_ != 0) return -TakeError();
  if (out.empty() || ended_ || deaf_ || state_ == State::kClosed) return 0;
  return state_ == State::kIdle || listens() ? -ENOTCONN : -EAGAIN;
}

int MemoryStreamSocket::Poll(int events) const {
  if (state_ == State::kIdle || state_ == State::kClosed) return events;
  const bool readable = !arrived_.empty() || ended_ || deaf_ || !queue_.empty();
  const bool writable = state_ == State::kOpen && (SendRoom() > 0 || ending_);
  return events & ((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
}

void MemoryStreamSocket::Close(bool hard) {
  for (Passed& passed : passed_) network().Discard(std::move(passed.rights));
  passed_.clear();
  if (state_ == State::kListening) {
    while (!queue_.empty()) queue_.front()->Close(true);
  }
  if (listener_ != nullptr) listener_->Forget(*this);
  if (state_ != State::kOpen) return network().Bury(*this);
  if (hard || !arrived_.empty()) {
    SendReset();
    return network().Bury(*this);
  }
  orphan_ = true;
  ending_ = true;
  Pump();
  EndIfDone();
}

void MemoryStreamSocket::Arrive(Packet packet) {
  switch (packet.kind) {
    case Packet::Kind::kSyn:
      return ArriveSyn(packet);
    case Packet::Kind::kSynAck:
      if (state_ == State::kConnecting) {
        Establish(packet.sender, packet.window);
      }
      return;
    case Packet::Kind::kData:
      if (state_ == State::kOpen) ArriveData(std::move(packet));
      return;
    case Packet::Kind::kAck:
      if (state_ == State::kOpen) ArriveAck(packet);
      return;
    case Packet::Kind::kReset:
      if (state_ == State::kConnecting) return Fail(ECONNREFUSED);
      // After the peer's end it is news only to who sends.
      if (state_ == State::kOpen) Fail(ended_ ? EPIPE : ECONNRESET);
      return;
    default:
      return;
  }
}

void MemoryStreamSocket::ResetWith(const MemoryHost& peer) {
  if (state_ != State::kOpen || peer_host_ != &peer) return;
  Fail(ECONNRESET);
}

void MemoryStreamSocket::SendReset() {
  network().Send(host(), *peer_host_, NewPacket(Packet::Kind::kReset));
}

void MemoryStreamSocket::Fail(int error) {
  error_ = error;
  state_ = State::kClosed;
  connected_ = false;
  unacknowledged_.clear();
  if (fd >= 0) poller().HangUp(fd);
  if (orphan_) network().Bury(*this);
}

// Both directions have ended, and both ends know.
void MemoryStreamSocket::EndIfDone() {
  if (!ended_ || !finished_) return;
  if (fd >= 0) poller().HangUp(fd);
  if (orphan_) network().BuryInPeace(*this, expected_);
}

Packet MemoryStreamSocket::NewPacket(Packet::Kind kind) const {
  Packet packet;
  packet.kind = kind;
  packet.sender = id();
  packet.receiver = peer_id_;
  packet.from = local_;
  packet.to = peer_;
  return packet;
}

}  // namespace lev
