#include "lev/testing/memory_host.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "lev/loop/fake_poller.h"
#include "lev/testing/memory_address.h"
#include "lev/testing/memory_datagram_socket.h"
#include "lev/testing/memory_handles.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/memory_processes.h"
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

// Of an option that nobody has set.
int DefaultOf(int level, int option, int type) {
  constexpr int kTtl = 64;
  if (level == IPPROTO_IP && option == IP_TTL) return kTtl;
  if (level == IPPROTO_IPV6 && option == IPV6_UNICAST_HOPS) return kTtl;
  const bool is_buffer = option == SO_SNDBUF || option == SO_RCVBUF;
  if (level != SOL_SOCKET || !is_buffer) return 0;
  return type == SOCK_STREAM ? MemoryStreamSocket::kBuffer
                             : MemoryDatagramSocket::kBuffer;
}

// What has no meaning in memory.
bool IsForTheKernel(int level, int option) {
  return (level == IPPROTO_IP && option == IP_ADD_MEMBERSHIP) ||
         (level == IPPROTO_IPV6 && option == IPV6_JOIN_GROUP);
}

bool HasLinger0(const MemorySocket& socket) {
  const auto found = socket.options.find({SOL_SOCKET, SO_LINGER});
  linger value = {};
  if (found == socket.options.end()) return false;
  std::memcpy(&value, found->second.data(),
              std::min(sizeof(value), found->second.size()));
  return value.l_onoff != 0 && value.l_linger == 0;
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
  socket.fd = network_.poller().Open();
  ++socket.descriptors;
  sockets_[socket.fd] = &socket;
  return socket.fd;
}

ssize_t MemoryHost::Finish(ssize_t result) {
  network_.Deliver();
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

void MemoryHost::Crash() {
  up_ = false;
  network_.RemoveAll(*this);
  for (const int fd : descriptors()) network_.poller().CloseFd(fd);
  sockets_.clear();
  ports_.clear();
  unix_names_.clear();
  handles_->CloseAll();
  processes_->Crash();
}

int MemoryHost::Socket(int family, int type) {
  const bool known =
      family == AF_INET || family == AF_INET6 || family == AF_UNIX;
  if (!known) return static_cast<int>(Finish(-EAFNOSUPPORT));
  if (!up_) return static_cast<int>(Finish(-ENETDOWN));
  if (open_descriptors() >= limit_) return static_cast<int>(Finish(-EMFILE));
  MemorySocket& socket = network_.NewSocket(*this, family, type);
  socket.Name(AnyAddress(family), /*bound=*/false);
  return Give(socket);
}

int MemoryHost::Accept(int fd, sockaddr* peer, socklen_t* size) {
  MemorySocket* const listener = At(fd);
  if (listener == nullptr) return static_cast<int>(Finish(-EBADF));
  if (open_descriptors() >= limit_) return static_cast<int>(Finish(-EMFILE));
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
  if (socket == nullptr) {
    handles_->Close(fd);
    return;
  }
  network_.poller().CloseFd(fd);
  sockets_.erase(fd);
  if (--socket->descriptors > 0) return;
  socket->fd = -1;
  Forget(*socket);
  socket->Close(HasLinger0(*socket));
  Finish(0);
}

int MemoryHost::Replace(int other, int fd) {
  MemorySocket* const socket = At(other);
  MemorySocket* const old = At(fd);
  if (socket == nullptr || old == nullptr) {
    return static_cast<int>(Finish(-EBADF));
  }
  if (--old->descriptors == 0) {
    old->fd = -1;
    Forget(*old);
    old->Close(false);
  }
  sockets_[fd] = socket;
  ++socket->descriptors;
  socket->fd = fd;
  network_.poller().MakeUnreadable(fd);
  network_.poller().MakeWritable(fd);
  return static_cast<int>(Finish(fd));
}

int MemoryHost::Bind(int fd, const sockaddr* address, socklen_t size) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(-EBADF));
  return static_cast<int>(Finish(Bind(*socket, FromCaller(address, size))));
}

int MemoryHost::Listen(int fd, int backlog) {
  MemorySocket* const socket = At(fd);
  return static_cast<int>(
      Finish(socket == nullptr ? -EBADF : socket->Listen(backlog)));
}

int MemoryHost::Connect(int fd, const sockaddr* peer, socklen_t size) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(-EBADF));
  return static_cast<int>(Finish(socket->Connect(FromCaller(peer, size))));
}

int MemoryHost::Shutdown(int fd, int how) {
  MemorySocket* const socket = At(fd);
  return static_cast<int>(
      Finish(socket == nullptr ? -EBADF : socket->Shutdown(how)));
}

int MemoryHost::LocalName(int fd, sockaddr* address, socklen_t* size) {
  const MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(NoSocket(fd)));
  ToCaller(socket->local(), address, size);
  return 0;
}

int MemoryHost::PeerName(int fd, sockaddr* address, socklen_t* size) {
  const MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(-EBADF));
  Address peer;
  if (!socket->connected(peer)) return static_cast<int>(Finish(-ENOTCONN));
  ToCaller(peer, address, size);
  return 0;
}

int MemoryHost::GetOption(int fd, int level, int option, void* value,
                          socklen_t* size) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(NoSocket(fd)));
  std::memset(value, 0, *size);
  const auto number = [&](int is) {
    std::memcpy(value, &is, std::min<size_t>(sizeof(is), *size));
    return 0;
  };
  if (level == SOL_SOCKET) {
    if (option == SO_ERROR) return number(socket->TakeError());
    if (option == SO_TYPE) return number(socket->type());
    if (option == SO_DOMAIN) return number(socket->family());
    if (option == SO_ACCEPTCONN) return number(socket->listens() ? 1 : 0);
    if (option == SO_PEERCRED) {
      const ucred self = {getpid(), getuid(), getgid()};
      std::memcpy(value, &self, std::min<size_t>(sizeof(self), *size));
      return 0;
    }
  }
  const auto found = socket->options.find({level, option});
  if (found == socket->options.end()) {
    return number(DefaultOf(level, option, socket->type()));
  }
  std::memcpy(value, found->second.data(),
              std::min<size_t>(found->second.size(), *size));
  return 0;
}

int MemoryHost::SetOption(int fd, int level, int option, const void* value,
                          socklen_t size) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return static_cast<int>(Finish(-EBADF));
  if (IsForTheKernel(level, option)) {
    return static_cast<int>(Finish(-ENOPROTOOPT));
  }
  socket->options[{level, option}] =
      std::string(static_cast<const char*>(value), size);
  return 0;
}

ssize_t MemoryHost::Recv(int fd, void* data, size_t size, int flags,
                         sockaddr* from, socklen_t* from_size) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return Finish(-EBADF);
  Address sender;
  size_t whole = 0;
  const ssize_t taken =
      socket->Recv({static_cast<char*>(data), size}, sender, whole);
  if (taken < 0) return Finish(taken);
  if (from != nullptr) ToCaller(sender, from, from_size);
  const bool tell = (flags & MSG_TRUNC) != 0 && socket->type() == SOCK_DGRAM;
  return Finish(tell ? static_cast<ssize_t>(whole) : taken);
}

ssize_t MemoryHost::Send(int fd, const void* data, size_t size,
                         const sockaddr* to, socklen_t to_size) {
  MemorySocket* const socket = At(fd);
  if (socket == nullptr) return Finish(-EBADF);
  const absl::Span<const char> bytes(static_cast<const char*>(data), size);
  if (to == nullptr) return Finish(socket->Send(bytes, nullptr));
  const Address address = FromCaller(to, to_size);
  return Finish(socket->Send(bytes, &address));
}

ssize_t MemoryHost::RecvMessage(int fd, msghdr* message, int flags) {
  message->msg_controllen = 0;
  message->msg_flags = 0;
  const iovec& piece = message->msg_iov[0];
  const ssize_t whole =
      Recv(fd, piece.iov_base, piece.iov_len, flags | MSG_TRUNC,
           static_cast<sockaddr*>(message->msg_name), &message->msg_namelen);
  if (whole <= static_cast<ssize_t>(piece.iov_len)) return whole;
  message->msg_flags = MSG_TRUNC;
  return static_cast<ssize_t>(piece.iov_len);
}

ssize_t MemoryHost::SendMessage(int fd, const msghdr* message) {
  if (message->msg_controllen > 0) return Finish(-EOPNOTSUPP);
  const iovec& piece = message->msg_iov[0];
  return Send(fd, piece.iov_base, piece.iov_len,
              static_cast<const sockaddr*>(message->msg_name),
              message->msg_namelen);
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
