#include "lev/net/connector.h"

#include <errno.h>
#include <sys/socket.h>

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"

namespace lev {
namespace {

// Errors that speak of the way to a host rather than of the host: this machine
// may just have no IPv6.
bool IsOfTheWay(const absl::Status& error) {
  switch (ErrnoOf(error)) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return true;
    default:
      return false;
  }
}

}  // namespace

IoResult TcpDialer::Start(const Address& peer, OwnedFd& fd,
                          absl::Status& error) {
  absl::StatusOr<OwnedFd> opened = OpenTcpSocket(peer.family(), calls_);
  if (!opened.ok()) {
    error = opened.status();
    return IoResult::Failed();
  }
  if (local_.has_value()) {
    error = BindBeforeConnect(opened->ref(), *local_);
    if (!error.ok()) return IoResult::Failed();
  }
  const IoResult result = StartConnect(opened->ref(), peer, error);
  if (!result.failed()) fd = *std::move(opened);
  return result;
}

IoResult TcpDialer::Finish(int fd, absl::Status& error) {
  return FinishConnect(FdRef(fd, calls_), error);
}

Connector::Connector(EventLoop& loop, Lookup& lookup, Dialer& dialer,
                     Options options)
    : Waiter(loop), lookup_(lookup), dialer_(dialer), options_(options) {
  ServeInBackground();
  loop.Schedule(*this);
}

Connector::~Connector() {
  // Before the attempts in whose lists it stands.
  loop().Withdraw(*this);
  FireAll();
}

std::string Connector::Describe() const {
  return absl::StrCat("a connection to \"", lookup_.name(), "\"");
}

void Connector::Run() {
  Finish();
  if (!decided_ && MayBegin()) StartAll();
  if (decided_) return;
  if (attempts_.empty() && lookup_.complete() && Next() == nullptr) {
    const absl::Status error = lookup_.error();
    if (!error.ok()) error_ = error;
    return Decide();
  }
  ParkAgain();
}

// Once IPv6 is answered, or has had its time.
bool Connector::MayBegin() {
  if (lookup_.answered(AF_INET6)) return true;
  if (!lookup_.answered(AF_INET)) return false;
  if (v6_expected_ == kNever) {
    v6_expected_ = After(loop().FreshNow(), options_.resolution_delay);
  }
  return lookup_.complete() || v6_expected_ <= loop().FreshNow();
}

// Asks those attempts of which there is news.
void Connector::Finish() {
  for (size_t i = 0; i < attempts_.size() && !decided_;) {
    Attempt& attempt = *attempts_[i];
    if (!std::exchange(attempt.watch.readiness().writable, false)) {
      ++i;
      continue;
    }
    absl::Status error;
    const IoResult result = dialer_.Finish(attempt.fd.get(), error);
    if (result.done()) {
      attempt.watch.Close();
      Win(std::move(attempt.fd), attempt.peer);
    } else if (result.failed()) {
      attempts_.erase(attempts_.begin() + static_cast<ptrdiff_t>(i));
      Failed(std::move(error));
    } else {
      ++i;
    }
  }
}

// Starts as many attempts as it is time for.
void Connector::StartAll() {
  while (!decided_) {
    if (!attempts_.empty() && loop().FreshNow() < next_start_) return;
    const Address* const next = Next();
    if (next == nullptr) return;
    const bool is_v6 = next->family() == AF_INET6;
    ++(is_v6 ? tried_v6_ : tried_v4_);
    turn_of_v4_ = is_v6;
    next_start_ = After(loop().FreshNow(), options_.attempt_delay);
    Start(*next);
  }
}

// The address to be tried next, or null.
const Address* Connector::Next() {
  const auto& v6 = lookup_.addresses(AF_INET6);
  const auto& v4 = lookup_.addresses(AF_INET);
  const bool has_v6 = tried_v6_ < v6.size();
  const bool has_v4 = tried_v4_ < v4.size();
  if (has_v6 && !(has_v4 && turn_of_v4_)) return &v6[tried_v6_];
  return has_v4 ? &v4[tried_v4_] : nullptr;
}

void Connector::Start(const Address& peer) {
  absl::Status error;
  OwnedFd fd;
  const IoResult result = dialer_.Start(peer, fd, error);
  if (result.failed()) return Failed(std::move(error));
  if (result.done()) return Win(std::move(fd), peer);
  auto attempt = std::make_unique<Attempt>();
  attempt->fd = std::move(fd);
  attempt->peer = peer;
  attempt->watch.Open(loop(), attempt->fd.get());
  // The poller's news are what Finish waits for.
  attempt->watch.readiness().writable = false;
  absl::Status registered = attempt->watch.Register();
  if (!registered.ok()) return Failed(std::move(registered));
  attempts_.push_back(std::move(attempt));
}

void Connector::Win(OwnedFd fd, const Address& peer) {
  winner_ = std::move(fd);
  peer_ = peer;
  error_ = absl::OkStatus();
  Decide();
}

void Connector::Failed(absl::Status error) {
  next_start_ = 0;
  if (error_.ok() || !IsOfTheWay(error)) error_ = std::move(error);
}

void Connector::Decide() {
  decided_ = true;
  attempts_.clear();
  FireAll();
}

void Connector::ParkAgain() {
  arms_ = std::vector<Arm>(attempts_.size() + 1);
  size_t used = 0;
  for (const auto& attempt : attempts_) {
    arms_[used++].list = &attempt->watch.writers();
  }
  if (!lookup_.complete()) arms_[used++].list = &lookup_;
  Instant deadline = kNever;
  if (Next() != nullptr) {
    deadline = attempts_.empty() ? v6_expected_ : next_start_;
  }
  loop().Park(*this, absl::MakeSpan(arms_).first(used), deadline);
}

}  // namespace lev
