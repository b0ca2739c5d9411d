// What this file fights: c-ares opens and closes its sockets as it likes, in
// the middle of any call, and expects to be told of a socket's readiness
// again and again (level-triggered); the loop tells it once.
//
// So c-ares is given our own socket calls. Opening makes the FdWatch that
// belongs to the descriptor, closing destroys it first. And these calls see
// what the kernel says: as long as a socket has not said EAGAIN it counts as
// ready, and c-ares is called again.
//
// c-ares may also answer in the middle of any call. Answers only move waiters
// to the ready list, so nobody can ask or abandon a question there.

#include "lev/net/ares_channel.h"

#include <ares.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lev/net/ares_answer.h"
#include "lev/net/error.h"

namespace lev {
namespace {

// How many packets one turn may take.
constexpr int kMostPerTurn = 64;

// How many questions go out while none is answered; and how many more after a
// while, so that those nobody answers do not hold up the others.
constexpr size_t kMostInFlight = 128;
constexpr size_t kBatch = 64;
constexpr Nanos kBatchDelay = 20 * kMillisecond;

}  // namespace

// Deletes itself when it is answered; not sent yet, the queue owns it.
class AresChannel::Question final : public Lookup::Source {
 public:
  Question(AresChannel& channel, const std::string& name, uint16_t port,
           int family, Lookup& asker)
      : channel_(channel),
        name_(name),
        port_(port),
        family_(family),
        asker_(&asker) {
    asker.Expect(family, *this);
  }

  // c-ares has it from now on, until Done.
  void Send() {
    const ares_addrinfo_hints hints = {.ai_flags = 0,
                                       .ai_family = family_,
                                       .ai_socktype = SOCK_STREAM,
                                       .ai_protocol = IPPROTO_TCP};
    ares_getaddrinfo(channel_.ares_, name_.c_str(), nullptr, &hints, Done,
                     this);
  }

  void Abandon() override {
    asker_ = nullptr;
    channel_.Abandoned();
  }

  bool wanted() const { return asker_ != nullptr; }

  // ares_addrinfo_callback.
  static void Done(void* argument, int status, int, ares_addrinfo* found) {
    const std::unique_ptr<Question> self(static_cast<Question*>(argument));
    std::vector<Address> addresses;
    if (found != nullptr) {
      addresses = AresAddresses(*found, self->family_, self->port_);
      ares_freeaddrinfo(found);
    }
    --self->channel_.in_flight_;
    if (!self->wanted()) return;
    --self->channel_.wanted_;
    if (status == ARES_SUCCESS) {
      self->asker_->Answer(self->family_,
                           SomeAddresses(std::move(addresses), self->name_));
    } else {
      self->asker_->Answer(self->family_, AresError(status, self->name_));
    }
  }

 private:
  AresChannel& channel_;
  const std::string name_;
  const uint16_t port_;
  const int family_;
  Lookup* asker_;  // Null once it was abandoned.
};

struct AresChannel::Hooks {
  static AresChannel& Self(void* data) {
    return *static_cast<AresChannel*>(data);
  }

  static void State(void* data, int fd, int readable, int writable) {
    Socket* const socket = Self(data).Find(fd);
    if (socket == nullptr) return;
    socket->wants_read = readable != 0;
    socket->wants_write = writable != 0;
  }

  static int Open(int family, int type, int protocol, void* data) {
    AresChannel& self = Self(data);
    auto socket = std::make_unique<Socket>();
    socket->fd = OwnedFd(
        ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    const int fd = socket->fd.get();
    if (fd < 0) return -1;
    socket->watch.Open(self.loop(), fd);
    // Nothing can have come yet; the poller tells of what comes.
    socket->watch.readiness() = {.readable = false, .writable = false};
    self.sockets_.push_back(std::move(socket));
    return fd;
  }

  static int Close(int fd, void* data) {
    auto& sockets = Self(data).sockets_;
    const auto is_it = [fd](const auto& one) { return one->fd.get() == fd; };
    sockets.erase(std::remove_if(sockets.begin(), sockets.end(), is_it),
                  sockets.end());
    return 0;
  }

  static int Connect(int fd, const sockaddr* peer, socklen_t size, void*) {
    return connect(fd, peer, size);
  }

  // These two keep errno for c-ares.

  static ssize_t Receive(int fd, void* data, size_t size, int flags,
                         sockaddr* from, socklen_t* from_size, void* self) {
    const ssize_t count = recvfrom(fd, data, size, flags, from, from_size);
    Socket* const socket = Self(self).Find(fd);
    if (socket != nullptr) socket->watch.readiness().readable = count >= 0;
    return count;
  }

  static ssize_t Send(int fd, const iovec* pieces, int count, void* self) {
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(pieces);
    message.msg_iovlen = count;
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    // News of what was sent before. c-ares would think that it is about this,
    // and wait in vain for the other.
    if (sent < 0 && errno == ECONNREFUSED) {
      sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    }
    Socket* const socket = Self(self).Find(fd);
    if (socket != nullptr) socket->watch.readiness().writable = sent > 0;
    return sent;
  }

  static constexpr ares_socket_functions kFunctions = {Open, Close, Connect,
                                                       Receive, Send};
};

AresChannel::AresChannel(EventLoop& loop) : Waiter(loop) {
  ServeInBackground();
}

absl::StatusOr<std::unique_ptr<AresChannel>> AresChannel::Open(
    EventLoop& loop, const ResolverOptions& options) {
  if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
    return ErrnoError(ENOMEM);
  }
  std::unique_ptr<AresChannel> channel(new AresChannel(loop));
  const absl::Status status = channel->Init(options);
  if (!status.ok()) return status;
  return channel;
}

AresChannel::~AresChannel() {
  for (; !queue_.empty(); queue_.pop_front()) {
    ++in_flight_;
    Question::Done(queue_.front().release(), ARES_EDESTRUCTION, 0, nullptr);
  }
  if (ares_ != nullptr) ares_destroy(ares_);
  ares_library_cleanup();
}

absl::Status AresChannel::Init(const ResolverOptions& options) {
  ares_options wanted = {};
  int mask = ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
             ARES_OPT_SOCK_STATE_CB;
  char lookups[] = "b";  // Servers; the hosts file has been asked before.
  wanted.lookups = lookups;
  wanted.timeout = static_cast<int>(
      std::clamp<Nanos>(options.timeout / kMillisecond, 1, INT_MAX));
  wanted.tries = options.tries;
  wanted.sock_state_cb = Hooks::State;
  wanted.sock_state_cb_data = this;
  if (options.ndots >= 0) {
    mask |= ARES_OPT_NDOTS;
    wanted.ndots = options.ndots;
  }
  std::vector<char*> domains;
  if (options.search.has_value()) {
    mask |= ARES_OPT_DOMAINS;
    for (const std::string& domain : *options.search) {
      domains.push_back(const_cast<char*>(domain.c_str()));  // Is copied.
    }
    wanted.domains = domains.data();
    wanted.ndomains = static_cast<int>(domains.size());
  }
  const int status = ares_init_options(&ares_, &wanted, mask);
  if (status != ARES_SUCCESS) return LookupError(ares_strerror(status));
  ares_set_socket_functions(ares_, &Hooks::kFunctions, this);
  if (options.servers.empty()) return absl::OkStatus();
  const std::string servers = absl::StrJoin(options.servers, ",");
  if (ares_set_servers_ports_csv(ares_, servers.c_str()) != ARES_SUCCESS) {
    return InvalidError(absl::StrCat("not name servers: \"", servers, "\""));
  }
  return absl::OkStatus();
}

void AresChannel::Ask(const std::string& name, uint16_t port, int family,
                      Lookup& lookup) {
  ++wanted_;
  queue_.push_back(
      std::make_unique<Question>(*this, name, port, family, lookup));
  Poke();
}

void AresChannel::Abandoned() {
  if (--wanted_ > 0) return;
  queue_.clear();
  ares_cancel(ares_);
  Poke();
}

// What c-ares waits for may have changed.
void AresChannel::Poke() {
  loop().Wake(*this);
  if (state() == State::kIdle) loop().Schedule(*this);
}

void AresChannel::Run() {
  for (int i = 0; i < kMostPerTurn; ++i) {
    Socket* const socket = NextReady();
    if (socket == nullptr) break;
    Process(*socket);
  }
  ares_process_fd(ares_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  SendQueued();
  ParkAgain();
}

void AresChannel::SendQueued() {
  if (queue_.empty()) return;
  const Instant now = loop().FreshNow();
  size_t room = kMostInFlight - std::min(in_flight_, kMostInFlight);
  if (next_batch_ <= now) {
    room = std::max(room, kBatch);
    next_batch_ = After(now, kBatchDelay);
  }
  while (!queue_.empty() && room > 0) {
    std::unique_ptr<Question> question = std::move(queue_.front());
    queue_.pop_front();
    if (!question->wanted()) continue;
    --room;
    ++in_flight_;
    question.release()->Send();
  }
}

// Destroys the socket, perhaps.
void AresChannel::Process(Socket& socket) {
  FdReadiness& readiness = socket.watch.readiness();
  const int fd = socket.fd.get();
  const bool reads = socket.wants_read && readiness.readable;
  const bool writes = socket.wants_write && readiness.writable;
  // Set again if c-ares tries, and succeeds.
  if (reads) readiness.readable = false;
  if (writes) readiness.writable = false;
  ares_process_fd(ares_, reads ? fd : ARES_SOCKET_BAD,
                  writes ? fd : ARES_SOCKET_BAD);
}

void AresChannel::ParkAgain() {
  if (idle()) return;
  if (NextReady() != nullptr) return loop().Schedule(*this);
  std::vector<WaitList*> lists;
  for (const auto& socket : sockets_) {
    // A socket the poller does not take is as good as a silent server.
    if (!socket->watch.Register().ok()) continue;
    if (socket->wants_read) lists.push_back(&socket->watch.readers());
    if (socket->wants_write) lists.push_back(&socket->watch.writers());
  }
  arms_ = std::vector<Arm>(lists.size());
  for (size_t i = 0; i < lists.size(); ++i) arms_[i].list = lists[i];
  loop().Park(*this, absl::MakeSpan(arms_), NextTimeout());
}

Instant AresChannel::NextTimeout() {
  const Instant next_batch = queue_.empty() ? kNever : next_batch_;
  timeval rest;
  if (ares_timeout(ares_, nullptr, &rest) == nullptr) return next_batch;
  // A millisecond more, that c-ares, whose clock is coarser, agrees.
  const Instant timeout =
      After(loop().FreshNow(),
            rest.tv_sec * kSecond + rest.tv_usec * kMicrosecond + kMillisecond);
  return std::min(timeout, next_batch);
}

AresChannel::Socket* AresChannel::NextReady() {
  for (const auto& socket : sockets_) {
    const FdReadiness& readiness = socket->watch.readiness();
    if ((socket->wants_read && readiness.readable) ||
        (socket->wants_write && readiness.writable)) {
      return socket.get();
    }
  }
  return nullptr;
}

AresChannel::Socket* AresChannel::Find(int fd) {
  for (const auto& socket : sockets_) {
    if (socket->fd.get() == fd) return socket.get();
  }
  return nullptr;
}

}  // namespace lev
