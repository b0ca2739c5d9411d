// How a stream socket in memory becomes a listener or a connection.

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "lev/loop/fake_poller.h"
#include "lev/testing/memory_address.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/memory_stream_socket.h"

namespace lev {

int MemoryStreamSocket::Listen(int backlog) {
  if (state_ != State::kIdle && state_ != State::kListening) return -EINVAL;
  if (!bound_) {
    if (family() == AF_UNIX) return -EINVAL;
    const int named = host().Bind(*this, AnyAddress(family()));
    if (named != 0) return named;
  }
  if (family() != AF_UNIX && host().IsTaken(*this, local_)) {
    return -EADDRINUSE;
  }
  state_ = State::kListening;
  backlog_ = static_cast<size_t>(std::max(backlog, 0));
  poller().MakeUnwritable(fd);
  return 0;
}

int MemoryStreamSocket::Connect(const Address& peer) {
  switch (state_) {
    case State::kConnecting:
      return -EALREADY;
    case State::kOpen:
      return -EISCONN;
    case State::kListening:
      return -EISCONN;
    case State::kClosed:
      return error_ != 0 ? -TakeError() : -ECONNABORTED;
    case State::kIdle:
      break;
  }
  if (peer.family() != family()) return -EAFNOSUPPORT;
  if (peer.is_unix()) return ConnectUnix(peer);
  Address to = peer;
  Address from;
  const int routed = host().PrepareToSend(*this, to, from);
  if (routed != 0) return routed;
  Name(from);
  peer_ = to;
  peer_host_ = network().HostOf(host(), to);
  state_ = State::kConnecting;
  poller().MakeUnwritable(fd);
  SendSyn();
  return -EINPROGRESS;
}

// The kernel does it at once.
int MemoryStreamSocket::ConnectUnix(const Address& peer) {
  MemorySocket* const found = host().FindUnix(peer.host());
  if (found == nullptr) {
    return peer.host()[0] == '@' ? -ECONNREFUSED : -ENOENT;
  }
  if (found->type() != SOCK_STREAM) return -EPROTOTYPE;
  if (!found->listens()) return -ECONNREFUSED;
  auto& listener = static_cast<MemoryStreamSocket&>(*found);
  MemoryStreamSocket* const other =
      listener.Admit(id(), local_, listener.local_, Window());
  if (other == nullptr) return -EAGAIN;
  peer_ = peer;
  peer_host_ = &host();
  Establish(other->id(), other->Window());
  return 0;
}

void MemoryStreamSocket::SendSyn() {
  Packet packet = NewPacket(Packet::Kind::kSyn);
  packet.window = Window();
  network().Send(host(), *peer_host_, std::move(packet));
}

void MemoryStreamSocket::Establish(SocketId peer, size_t window) {
  state_ = State::kOpen;
  connected_ = true;
  peer_id_ = peer;
  limit_ = window;
  told_ = Window();
  losses_ = 0;
  if (fd >= 0) poller().MakeWritable(fd);
}

// Null when the queue is full.
MemoryStreamSocket* MemoryStreamSocket::Admit(SocketId client,
                                              const Address& from,
                                              const Address& to,
                                              size_t window) {
  if (queue_.size() > backlog_) return nullptr;
  auto& connection = static_cast<MemoryStreamSocket&>(
      network().NewSocket(host(), family(), SOCK_STREAM));
  connection.options = options;
  connection.Name(family() == AF_INET6 ? Mapped(to) : to);
  connection.peer_ = family() == AF_INET6 ? Mapped(from) : from;
  connection.peer_host_ =
      from.is_unix() ? &host() : network().HostOf(host(), from);
  connection.Establish(client, window);
  connection.listener_ = this;
  queue_.push_back(&connection);
  poller().MakeReadable(fd);
  return &connection;
}

void MemoryStreamSocket::ArriveSyn(const Packet& packet) {
  MemoryStreamSocket* connection = nullptr;
  MemorySocket* const known = network().FindPeerOf(packet.sender, host());
  if (known != nullptr) {
    connection = static_cast<MemoryStreamSocket*>(known);
  } else {
    connection = Admit(packet.sender, packet.from, packet.to, packet.window);
    if (connection == nullptr) return network().Lose(packet);
    network().NotePeer(packet.sender, *connection);
  }
  Packet answer = connection->NewPacket(Packet::Kind::kSynAck);
  answer.window = connection->Window();
  network().Send(host(), *connection->peer_host_, std::move(answer));
}

int MemoryStreamSocket::Accept(MemorySocket*& connection) {
  if (state_ != State::kListening) return -EINVAL;
  if (queue_.empty()) return -EAGAIN;
  connection = queue_.front();
  queue_.front()->listener_ = nullptr;
  queue_.pop_front();
  if (queue_.empty()) poller().MakeUnreadable(fd);
  return 0;
}

void MemoryStreamSocket::ShowReadiness() {
  if (!arrived_.empty()) poller().MakeReadable(fd);
  if (ended_) poller().EndReading(fd);
  if (state_ == State::kClosed) poller().HangUp(fd);
}

void MemoryStreamSocket::Forget(MemoryStreamSocket& connection) {
  const auto found = std::find(queue_.begin(), queue_.end(), &connection);
  if (found != queue_.end()) queue_.erase(found);
  connection.listener_ = nullptr;
}

}  // namespace lev
