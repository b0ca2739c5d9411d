#include "lev/net/datagram_socket.h"

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "lev/net/error.h"
#include "lev/net/io_result.h"
#include "lev/net/multicast.h"
#include "lev/net/tcp_socket.h"

namespace lev {
namespace {

// How many one step sends before it lets others run.
constexpr size_t kMostSentPerStep = 1024;

absl::Status ConnectTo(FdRef fd, const sockaddr* address, socklen_t size) {
  return fd.calls().Connect(fd.get(), address, size) == 0 ? absl::OkStatus()
                                                          : ErrnoError(errno);
}

}  // namespace

DatagramSocket::DatagramSocket(EventLoop& loop, OwnedFd fd,
                               absl::Span<char> scratch, Family family)
    : fd_(std::move(fd)),
      scratch_(scratch),
      settled_(family == Family::kFixed) {
  watch_.Open(loop, fd_.get());
}

DatagramSocket::~DatagramSocket() { Close(); }

absl::Status DatagramSocket::Bind(const Address& address) {
  if (!is_open()) return SocketClosedError();
  absl::Status used = Use(address);
  if (!used.ok()) return used;
  if (!address.is_unix()) {
    return lev::Bind(ref(), address);
  }
  absl::StatusOr<BoundPath> path = BindUnixSocket(ref(), address);
  if (!path.ok()) return path.status();
  path_ = *std::move(path);
  return absl::OkStatus();
}

absl::Status DatagramSocket::Connect(const Address& peer) {
  if (!is_open()) return SocketClosedError();
  absl::Status used = Use(peer);
  if (!used.ok()) return used;
  return ConnectTo(ref(), peer.data(), peer.size());
}

absl::Status DatagramSocket::Disconnect() {
  if (!is_open()) return SocketClosedError();
  const sockaddr nobody = {AF_UNSPEC, {}};
  return ConnectTo(ref(), &nobody, sizeof(nobody));
}

absl::Status DatagramSocket::Join(const Address& group,
                                  absl::string_view interface) {
  if (!is_open()) return SocketClosedError();
  absl::Status used = Use(group);
  return used.ok() ? JoinGroup(ref(), group, interface) : used;
}

absl::Status DatagramSocket::Leave(const Address& group,
                                   absl::string_view interface) {
  if (!is_open()) return SocketClosedError();
  return LeaveGroup(ref(), group, interface);
}

absl::Status DatagramSocket::SetOption(const SocketOption& option,
                                       const OptionValue& value) {
  if (!is_open()) return SocketClosedError();
  absl::Status set = SetSocketOption(ref(), option, value);
  if (set.ok() && !settled_) options_.push_back({&option, value});
  return set;
}

absl::Status DatagramSocket::Use(const Address& address) {
  if (settled_) return absl::OkStatus();
  if (address.family() == AF_INET6) {
    absl::Status become = BecomeIPv6();
    if (!become.ok()) return become;
  }
  settled_ = true;
  options_ = {};
  return absl::OkStatus();
}

absl::Status DatagramSocket::BecomeIPv6() {
  absl::StatusOr<OwnedFd> other = OpenUdpSocket(AF_INET6, fd_.calls());
  if (!other.ok()) return other.status();
  for (const SetOptionRecord& record : options_) {
    absl::Status set =
        SetSocketOption(other->ref(), *record.option, record.value);
    if (!set.ok()) return set;
  }
  EventLoop& loop = watch_.loop();
  // Whoever waits already tries again, and waits on the other.
  watch_.Close();
  const bool replaced = fd_.calls().Replace(other->get(), fd()) >= 0;
  absl::Status result = replaced ? absl::OkStatus() : ErrnoError(errno);
  watch_.Open(loop, fd());
  watch_.readiness() = {};
  return result;
}

// `receive` makes the system call, and gets a place for an error.
template <typename Receive>
Step DatagramSocket::ReceiveBy(Receive receive) {
  if (!is_open()) return Fail(SocketClosedError());
  if (!postponed_.ok()) {
    return Fail(std::exchange(postponed_, absl::OkStatus()));
  }
  FdReadiness& readiness = watch_.readiness();
  if (readiness.readable) {
    absl::Status error;
    const IoResult result = receive(error);
    if (result.kind != IoResult::Kind::kWantRead) {
      // One edge may have announced many: let the next one look, too.
      if (readiness.readable) watch_.loop().FireOne(watch_.readers());
      return result.failed() ? Fail(std::move(error)) : Step::Done();
    }
    readiness.readable = false;
  }
  return WaitOn(watch_.readers());
}

Step DatagramSocket::RecvFrom(size_t max, Datagram& datagram) {
  return ReceiveBy([&](absl::Status& error) {
    const absl::Span<char> room =
        scratch_.first(std::min(max, scratch_.size()));
    return TryRecvFrom(ref(), room, datagram, error);
  });
}

Step DatagramSocket::RecvMany(size_t max, absl::Span<Datagram> datagrams,
                              size_t& received) {
  max = std::min(max, scratch_.size());
  const size_t wanted = std::min(
      {datagrams.size(), kMostDatagramsPerCall, scratch_.size() / max});
  return ReceiveBy([&](absl::Status& error) {
    const IoResult result =
        TryRecvMany(ref(), scratch_, max, datagrams.first(wanted), error);
    received = result.bytes;
    // The kernel has met EAGAIN itself.
    if (result.done() && received < wanted) {
      watch_.readiness().readable = false;
    }
    return result;
  });
}

Step DatagramSocket::SendTo(const Datagram& datagram) {
  if (!is_open()) return Fail(SocketClosedError());
  if (datagram.addressed) {
    absl::Status used = Use(datagram.peer);
    if (!used.ok()) return Fail(std::move(used));
  }
  absl::Status error;
  const IoResult result = TrySendTo(ref(), datagram, error);
  return AfterSend(result, std::move(error), datagram);
}

Step DatagramSocket::SendMany(absl::Span<const Datagram> datagrams,
                              size_t& sent) {
  if (!is_open()) return Fail(SocketClosedError());
  const size_t pause = sent + kMostSentPerStep;
  while (sent < datagrams.size()) {
    if (sent >= pause) return WaitOn(watch_.writers(), true);
    const absl::Span<const Datagram> rest = datagrams.subspan(sent);
    if (rest[0].addressed) {
      absl::Status used = Use(rest[0].peer);
      if (!used.ok()) return Fail(std::move(used));
    }
    absl::Status error;
    const IoResult result = TrySendMany(ref(), rest, error);
    const Step step = AfterSend(result, std::move(error), rest[0]);
    if (!step.done()) return step;
    sent += result.bytes;
  }
  return Step::Done();
}

// Whether there is room depends on the receiver, so readiness().writable says
// nothing, and every try is made.
Step DatagramSocket::AfterSend(const IoResult& result, absl::Status error,
                               const Datagram& last) {
  if (result.kind == IoResult::Kind::kWantWrite) {
    if (last.addressed && last.peer.is_unix()) {
      if (retry_ == nullptr) {
        retry_ = std::make_unique<RetryTimer>(
            watch_.loop(), [this] { watch_.loop().FireAll(watch_.writers()); });
      }
      retry_->Start(kRetry);
    }
    return WaitOn(watch_.writers());
  }
  watch_.loop().FireOne(watch_.writers());
  return result.failed() ? Fail(std::move(error)) : Step::Done();
}

void DatagramSocket::PassOn() {
  if (!is_open()) return;
  watch_.loop().FireOne(watch_.readers());
  watch_.loop().FireOne(watch_.writers());
}

void DatagramSocket::Close() {
  retry_.reset();
  watch_.Close();
  fd_.Close();
  path_.Remove();
}

Step DatagramSocket::WaitOn(WaitList& list, bool ready) {
  absl::Status registered = watch_.Register();
  if (!registered.ok()) return Fail(std::move(registered));
  return Step::Blocked(list, ready);
}

Step DatagramSocket::Fail(absl::Status error) {
  error_ = std::move(error);
  return Step::Failed();
}

}  // namespace lev
