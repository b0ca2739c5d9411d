#include "lev/testing/memory_host.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "lev/loop/fake_poller.h"
#include "lev/testing/memory_address.h"
#include "lev/testing/memory_groups.h"
#include "lev/testing/memory_handles.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/memory_options.h"
#include "lev/testing/memory_processes.h"
#include "lev/testing/memory_rights.h"
#include "lev/testing/memory_stream_socket.h"

namespace lev {
namespace {

Address FromCaller(const sockaddr* address, socklen_t size) {
  sockaddr_storage storage = {};
  std::memcpy(&storage, address, std::min<size_t>(size, sizeof(storage)));
  return Address::FromKernel(storage, size);
}

// As the kernel does it: the room is given, the size returned.
void ToCaller(const Address& address, sockaddr* out, socklen_t* size) {
  if (out == nullptr || size == nullptr) return;
  std::memcpy(out, address.data(), std::min(*size, address.size()));
  *size = address.size();
}

}  // namespace

MemorySocket* MemoryHost::At(int fd) const {
  const auto found = sockets_.find(fd);
  return found == sockets_.end() ? nullptr : found->second;
}

int MemoryHost::NoSocket(int fd) const {
  return handles_->Find(fd) == nullptr ? -EBADF : -ENOTSOCK;
}

int MemoryHost::Give(MemorySocket& socket) {
  FakePoller& poller = network_.poller();
  const int fd = socket.fd < 0 ? poller.Open() : poller.Duplicate(socket.fd);
  socket.fd = fd;
  socket.fds.push_back(fd);
  sockets_[fd] = &socket;
  return fd;
}

void MemoryHost::Take(MemorySocket& socket, int fd, bool hard) {
  auto& numbers = socket.fds;
  numbers.erase(std::find(numbers.begin(), numbers.end(), fd));
  socket.fd = numbers.empty() ? -1 : numbers.back();
  if (!numbers.empty()) return;
  Forget(socket);
  socket.Close(hard);
}

ssize_t MemoryHost::Finish(ssize_t result) {
  network_.Deliver();
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

void MemoryHost::Crash() {
  up_ = false;
  handles_->CloseAll();
  network_.RemoveAll(*this);
  for (const auto& [fd, socket] : sockets_) network_.poller().CloseFd(fd);
  sockets_.clear();
  passing_.clear();
  ports_.clear();
  unix_names_.clear();
  processes_->Crash();
}

int MemoryHost::Socket(int family, int type) {
  const bool known =
      family == AF_INET || family == AF_INET6 || family == AF_UNIX;
  if (!known) return static_cast<int>(Finish(-EAFNOSUPPORT));
  if (!up_) return static_cast<int>(Finish(-ENETDOWN));
  if (IsFull()) return static_cast<int>(Finish(-EMFILE));
  MemorySocket& socket = network_.NewSocket(*this, family, type);
  socket.Name(AnyAddress(family), /*bound=*/false);
  return Give(socket);
}

int MemoryHost::Accept(int fd, sockaddr* peer, socklen_t* size) {
  MemorySocket* const listener = At(fd);
  if (listener == nullptr) return static_cast<int>(Finish(NoSocket(fd)));
  if (IsFull()) return static_cast<int>(Finish(-EMFILE));
  MemorySocket* connection = nullptr;
  const int result = listener->Accept(connection);
  if (result != 0) return static_cast<int>(Finish(result));
  Give(*connection);
  static_cast<MemoryStreamSocket*>(connection)->ShowReadiness();
  ToCaller(connection->peer(), peer, size);
  return static_cast<int>(Finish(connection->fd));
}

void MemoryHost::Close(int fd) {
  MemorySocket* const socket = At(fd);
  passing_.erase(fd);
  if (socket == nullptr) return handles_->Close(fd);
  network_.poller().CloseFd(fd);
  sockets_.erase(fd);
  Take(*socket, fd, HasLinger0(*socket));
  Finish(0);
}

int MemoryHost::Replace(int other, int fd) {
  MemorySocket* const socket = At(other);
  MemorySocket* const old = At(fd);
  if (socket == nullptr || old == nullptr) {
    return static_cast<int>(Finish(-EBADF));
  }
  network_.poller().Replace(other, fd);
  Take(*old, fd, false);
  sockets_[fd] = socket;
  socket->fds.push_back(fd);
  return static_cast<int>(Finish(fd));
}

bool MemoryHost::Has(int fd) const {
  return At(fd) != nullptr || handles_->Find(fd) != nullptr;
}

int MemoryHost::DuplicateAny(int fd) {
  MemorySocket* const socket = At(fd);
  return socket != nullptr ? Give(*socket) : handles_->Duplicate(fd);
}

int MemoryHost::Duplicate(int fd) {
  if (!Has(fd)) return static_cast<int>(Finish(-EBADF));
  return static_cast<int>(Finish(IsFull() ? -EMFILE : DuplicateAny(fd)));
}

int MemoryHost::Poll(int fd, short events) {
  const MemorySocket* const socket = At(fd);
  if (socket != nullptr) return static_cast<int>(Finish(socket->Poll(events)));
  if (!Has(fd)) return static_cast<int>(Finish(-EBADF));
  FakePoller& poller = network_.poller();
  return events & ((poller.readable(fd) ? POLLIN : 0) |
                   (poller.writable(fd) ? POLLOUT : 0));
}

FdRef MemoryHost::Locate(int fd) {
  if (Has(fd)) return FdRef(fd, *this);
  for (const auto& host : network_.hosts()) {
    if (host->Has(fd)) return FdRef(fd, *host);
  }
  return KernelSockets().Locate(fd);
}

OwnedFd MemoryHost::CopyForMessage(int fd) {
  if (!Has(fd)) return OwnedFd(KernelSockets().Duplicate(fd));
  const int copy = DuplicateAny(fd);
  passing_.insert(copy);
  return OwnedFd(copy, *this);
}

bool MemoryHost::Receive(const OwnedFd& fd) {
  if (&fd.calls() != this) return true;
  if (IsFull()) return false;
  passing_.erase(fd.get());
  return true;
}

int MemoryHost::Bind(int fd, const sockaddr* address, socklen_t size) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(NoSocket(fd)));
  return static_cast<int>(Finish(Bind(*socket, FromCaller(address, size))));
}

int MemoryHost::Listen(int fd, int backlog) {
  MemorySocket* const socket = At(fd);
  return static_cast<int>(
      Finish(socket == nullptr ? NoSocket(fd) : socket->Listen(backlog)));
}

int MemoryHost::Connect(int fd, const sockaddr* peer, socklen_t size) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(NoSocket(fd)));
  return static_cast<int>(Finish(socket->Connect(FromCaller(peer, size))));
}

int MemoryHost::Shutdown(int fd, int how) {
  MemorySocket* const socket = At(fd);
  return static_cast<int>(
      Finish(socket == nullptr ? NoSocket(fd) : socket->Shutdown(how)));
}

int MemoryHost::LocalName(int fd, sockaddr* address, socklen_t* size) {
  const MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(NoSocket(fd)));
  ToCaller(socket->local(), address, size);
  return 0;
}

int MemoryHost::PeerName(int fd, sockaddr* address, socklen_t* size) {
  const MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(NoSocket(fd)));
  Address peer;
  if (!socket->connected(peer)) return static_cast<int>(Finish(-ENOTCONN));
  ToCaller(peer, address, size);
  return 0;
}

int MemoryHost::GetOption(int fd, int level, int option, void* value,
                          socklen_t* size) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(NoSocket(fd)));
  return static_cast<int>(
      Finish(GetMemoryOption(*socket, level, option, value, size)));
}

int MemoryHost::SetOption(int fd, int level, int option, const void* value,
                          socklen_t size) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(NoSocket(fd)));
  return static_cast<int>(
      Finish(SetMemoryOption(*socket, level, option, value, size)));
}

int MemoryHost::Interfaces(std::vector<NetInterface>& interfaces) {
  interfaces = InterfacesOf(*this);
  return 0;
}

ssize_t MemoryHost::RecvInto(int fd, absl::Span<char> out, int flags,
                             MemorySocket::Arrival& arrival) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return Finish(NoSocket(fd));
  const ssize_t taken = socket->Recv(out, arrival);
  const bool tell = (flags & MSG_TRUNC) != 0 && socket->type() == SOCK_DGRAM;
  return Finish(taken >= 0 && tell ? static_cast<ssize_t>(arrival.whole)
                                   : taken);
}

ssize_t MemoryHost::Recv(int fd, void* data, size_t size, int flags,
                         sockaddr* from, socklen_t* from_size) {
  MemorySocket::Arrival arrival;
  const ssize_t taken =
      RecvInto(fd, {static_cast<char*>(data), size}, flags, arrival);
  if (taken >= 0) ToCaller(arrival.from, from, from_size);
  return taken;
}

ssize_t MemoryHost::Send(int fd, const void* data, size_t size,
                         const sockaddr* to, socklen_t to_size) {
  iovec piece = {const_cast<void*>(data), size};
  msghdr message = {};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_name = const_cast<sockaddr*>(to);
  message.msg_namelen = to_size;
  return SendMessage(fd, &message);
}

ssize_t MemoryHost::RecvMessage(int fd, msghdr* message, int flags) {
  const iovec& piece = message->msg_iov[0];
  MemorySocket::Arrival arrival;
  const ssize_t whole =
      RecvInto(fd, {static_cast<char*>(piece.iov_base), piece.iov_len},
               flags | MSG_TRUNC, arrival);
  if (whole < 0) return whole;
  message->msg_flags = 0;
  ToCaller(arrival.from, static_cast<sockaddr*>(message->msg_name),
           &message->msg_namelen);
  GiveRights(*this, std::move(arrival.rights), *message);
  if (whole <= static_cast<ssize_t>(piece.iov_len)) return whole;
  message->msg_flags |= MSG_TRUNC;
  return static_cast<ssize_t>(piece.iov_len);
}

ssize_t MemoryHost::SendMessage(int fd, const msghdr* message) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return Finish(NoSocket(fd));
  MemorySocket::Rights rights;
  const int copied = CopyRights(*this, *message, rights);
  if (copied != 0) return Finish(copied);
  const iovec& piece = message->msg_iov[0];
  const absl::Span<const char> bytes(static_cast<char*>(piece.iov_base),
                                     piece.iov_len);
  if (message->msg_name == nullptr) {
    return Finish(socket->Send(bytes, nullptr, std::move(rights)));
  }
  const Address to = FromCaller(static_cast<sockaddr*>(message->msg_name),
                                message->msg_namelen);
  return Finish(socket->Send(bytes, &to, std::move(rights)));
}

int MemoryHost::RecvMany(int fd, mmsghdr* messages, unsigned count) {
  unsigned done = 0;
  for (; done < count; ++done) {
    const ssize_t size = RecvMessage(fd, &messages[done].msg_hdr, 0);
    if (size < 0) return done > 0 ? static_cast<int>(done) : -1;
    messages[done].msg_len = static_cast<unsigned>(size);
  }
  return static_cast<int>(done);
}

int MemoryHost::SendMany(int fd, mmsghdr* messages, unsigned count) {
  unsigned done = 0;
  for (; done < count; ++done) {
    const ssize_t size = SendMessage(fd, &messages[done].msg_hdr);
    if (size < 0) return done > 0 ? static_cast<int>(done) : -1;
    messages[done].msg_len = static_cast<unsigned>(size);
  }
  return static_cast<int>(done);
}

ssize_t MemoryHost::SendFile(int fd, int file, off_t* offset, size_t size) {
  char block[16384];
  const ssize_t read =
      pread(file, block, std::min(size, sizeof(block)), *offset);
  if (read <= 0) return read;
  const ssize_t sent = Send(fd, block, static_cast<size_t>(read), nullptr, 0);
  if (sent > 0) *offset += sent;
  return sent;
}

}  // namespace lev
