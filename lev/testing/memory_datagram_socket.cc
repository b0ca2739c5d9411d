#include "lev/testing/memory_datagram_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "lev/loop/fake_poller.h"
#include "lev/testing/memory_address.h"
#include "lev/testing/memory_groups.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"

namespace lev {

int MemoryDatagramSocket::Connect(const Address& peer) {
  if (peer.family() == AF_UNSPEC) {
    connected_ = false;
    return 0;
  }
  if (peer.family() != family()) return -EAFNOSUPPORT;
  Address to = peer;
  if (peer.is_unix()) {
    MemorySocket* const found = host().FindUnix(peer.host());
    if (found == nullptr) {
      return peer.host()[0] == '@' ? -ECONNREFUSED : -ENOENT;
    }
    if (found->type() != SOCK_DGRAM) return -EPROTOTYPE;
  } else {
    Address from;
    unsigned interface;
    to = Unmapped(to);
    const int routed = IsForMany(to) ? PrepareForMany(to, from, interface)
                                     : host().PrepareToSend(*this, to, from);
    if (routed != 0) return routed;
    Name(from);
  }
  peer_ = to;
  connected_ = true;
  return 0;
}

int MemoryDatagramSocket::Shutdown(int how) {
  if (!connected_) return -ENOTCONN;
  if (how != SHUT_WR) {
    deaf_ = true;
    poller().EndReading(fd);
  }
  if (how != SHUT_RD) mute_ = true;
  return 0;
}

ssize_t MemoryDatagramSocket::Send(absl::Span<const char> data,
                                   const Address* to, Rights rights) {
  if (error_ != 0) return -TakeError();
  if (mute_) return -EPIPE;
  if (to == nullptr && !connected_) {
    return family() == AF_UNIX ? -ENOTCONN : -EDESTADDRREQ;
  }
  Packet packet;
  packet.kind = Packet::Kind::kDatagram;
  packet.sender = id();
  packet.to = to != nullptr ? *to : peer_;
  if (packet.to.family() != family()) return -EAFNOSUPPORT;
  if (packet.to.is_unix()) return SendUnix(data, packet.to, std::move(rights));
  if (data.size() > kMost) return -EMSGSIZE;
  packet.data.assign(data.data(), data.size());
  packet.to = Unmapped(packet.to);
  int routed = 0;
  if (IsForMany(packet.to)) {
    routed = SendToMany(std::move(packet));
    return routed != 0 ? routed : static_cast<ssize_t>(data.size());
  }
  routed = host().PrepareToSend(*this, packet.to, packet.from);
  if (routed != 0) return routed;
  MemoryHost& peer = *network().HostOf(host(), packet.to);
  network().Send(host(), peer, std::move(packet));
  return static_cast<ssize_t>(data.size());
}

// At once, or not yet.
ssize_t MemoryDatagramSocket::SendUnix(absl::Span<const char> data,
                                       const Address& to, Rights rights) {
  MemorySocket* const found = host().FindUnix(to.host());
  if (found == nullptr) {
    const bool was_there = connected_ && SameAddress(to, peer_);
    return was_there || to.host()[0] == '@' ? -ECONNREFUSED : -ENOENT;
  }
  if (found->type() != SOCK_DGRAM) return -EPROTOTYPE;
  if (data.size() > kBuffer) return -EMSGSIZE;
  auto& receiver = static_cast<MemoryDatagramSocket&>(*found);
  if (!receiver.Hears(local_)) return -EPERM;
  if (receiver.IsFull(data.size())) {
    poller().MakeUnwritable(fd);
    return -EAGAIN;
  }
  receiver.Keep(
      {std::string(data.data(), data.size()), local_, std::move(rights)});
  return static_cast<ssize_t>(data.size());
}

void MemoryDatagramSocket::Keep(Datagram datagram) {
  queued_ += datagram.data.size();
  queue_.push_back(std::move(datagram));
  poller().MakeReadable(fd);
}

ssize_t MemoryDatagramSocket::Recv(absl::Span<char> out, Arrival& arrival) {
  if (error_ != 0) {
    if (queue_.empty() && !deaf_) poller().MakeUnreadable(fd);
    return -TakeError();
  }
  if (queue_.empty()) return deaf_ ? 0 : -EAGAIN;
  Datagram first = std::move(queue_.front());
  queue_.pop_front();
  queued_ -= first.data.size();
  if (queue_.empty() && !deaf_) poller().MakeUnreadable(fd);
  if (family() == AF_UNIX) SayThereIsRoom();
  arrival = {first.from, first.data.size(), std::move(first.rights)};
  return static_cast<ssize_t>(first.data.copy(out.data(), out.size()));
}

bool MemoryDatagramSocket::IsFull(size_t size) const {
  return queue_.size() >= kMostUnix || queued_ + size > kBuffer;
}

const MemoryDatagramSocket* MemoryDatagramSocket::FindReceiver() const {
  if (family() != AF_UNIX || !connected_) return nullptr;
  const MemorySocket* const found = host().FindUnix(peer_.host());
  if (found == nullptr || found->type() != SOCK_DGRAM) return nullptr;
  return static_cast<const MemoryDatagramSocket*>(found);
}

int MemoryDatagramSocket::Poll(int events) const {
  const bool readable = !queue_.empty() || deaf_ || error_ != 0;
  const MemoryDatagramSocket* const receiver = FindReceiver();
  const bool writable = receiver == nullptr || !receiver->IsFull(1);
  return events & ((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
}

// To those who are connected to this one; the others try now and then.
void MemoryDatagramSocket::SayThereIsRoom() {
  network().ForEachSocket(host(), [this](MemorySocket& other) {
    Address peer;
    if (other.type() != SOCK_DGRAM || !other.connected(peer)) return;
    if (SameAddress(peer, local_)) poller().MakeWritable(other.fd);
  });
}

bool MemoryDatagramSocket::Hears(const Address& from) const {
  return !connected_ || SameAddress(from, Unmapped(peer_));
}

void MemoryDatagramSocket::Arrive(Packet packet) {
  if (packet.kind == Packet::Kind::kRefused) {
    if (!connected_) return;
    error_ = ECONNREFUSED;
    poller().MakeReadable(fd);
    poller().MakeWritable(fd);
    return;
  }
  const auto room = static_cast<size_t>(Option(SOL_SOCKET, SO_RCVBUF, kBuffer));
  if (deaf_ || queued_ + packet.data.size() > room) return;
  const Address from = family() == AF_INET6 ? Mapped(packet.from) : packet.from;
  Keep({std::move(packet.data), from});
}

void MemoryDatagramSocket::Close(bool) { network().Bury(*this); }

}  // namespace lev
