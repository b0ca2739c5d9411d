#include "lev/net/datagram.h"

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>

#include "lev/net/error.h"

namespace lev {
namespace {

IoResult Fail(absl::Status& error) {
  error = ErrnoError(errno);
  return IoResult::Failed();
}

// Who has sent it. The kernel says nothing about a nameless sender of the UNIX
// domain; of any other it does.
Address SenderOf(sockaddr_storage& storage, socklen_t size) {
  if (size == 0) {
    storage.ss_family = AF_UNIX;
    size = sizeof(storage.ss_family);
  }
  return Address::FromKernel(storage, size);
}

void SetDestination(const Datagram& datagram, msghdr& message) {
  if (!datagram.addressed) return;
  message.msg_name = const_cast<sockaddr*>(datagram.peer.data());
  message.msg_namelen = datagram.peer.size();
}

}  // namespace

absl::StatusOr<OwnedFd> OpenUdpSocket(int family, SocketCalls& calls) {
  OwnedFd fd(calls.Socket(family, SOCK_DGRAM), calls);
  if (!fd.valid()) return ErrnoError(errno);
  return fd;
}

IoResult TryRecvFrom(FdRef fd, absl::Span<char> buffer, Datagram& datagram,
                     absl::Status& error) {
  sockaddr_storage storage;
  socklen_t size;
  ssize_t whole;
  do {
    size = sizeof(storage);
    // MSG_TRUNC: tell how large the datagram was.
    whole = fd.calls().Recv(fd.get(), buffer.data(), buffer.size(), MSG_TRUNC,
                            reinterpret_cast<sockaddr*>(&storage), &size);
  } while (whole < 0 && errno == EINTR);
  if (whole < 0) {
    return errno == EAGAIN ? IoResult::WantRead() : Fail(error);
  }
  const size_t taken = std::min(static_cast<size_t>(whole), buffer.size());
  datagram.data = {buffer.data(), taken};
  datagram.peer = SenderOf(storage, size);
  datagram.truncated = static_cast<size_t>(whole) > taken;
  return IoResult::Done(taken);
}

IoResult TryRecvMany(FdRef fd, absl::Span<char> buffer, size_t max,
                     absl::Span<Datagram> datagrams, absl::Status& error) {
  const size_t wanted = datagrams.size();
  mmsghdr messages[kMostDatagramsPerCall];
  iovec pieces[kMostDatagramsPerCall];
  sockaddr_storage storages[kMostDatagramsPerCall];
  for (size_t i = 0; i < wanted; ++i) {
    pieces[i] = {buffer.data() + i * max, max};
    messages[i] = {};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &storages[i];
    messages[i].msg_hdr.msg_namelen = sizeof(storages[i]);
  }
  int received;
  do {
    received =
        fd.calls().RecvMany(fd.get(), messages, static_cast<unsigned>(wanted));
  } while (received < 0 && errno == EINTR);
  if (received < 0) {
    return errno == EAGAIN ? IoResult::WantRead() : Fail(error);
  }
  for (int i = 0; i < received; ++i) {
    const msghdr& message = messages[i].msg_hdr;
    datagrams[i].data = {buffer.data() + i * max, messages[i].msg_len};
    datagrams[i].peer = SenderOf(storages[i], message.msg_namelen);
    datagrams[i].truncated = (message.msg_flags & MSG_TRUNC) != 0;
  }
  return IoResult::Done(static_cast<size_t>(received));
}

IoResult TrySendTo(FdRef fd, const Datagram& datagram, absl::Status& error) {
  const bool addressed = datagram.addressed;
  ssize_t sent;
  do {
    sent = fd.calls().Send(fd.get(), datagram.data.data(), datagram.data.size(),
                           addressed ? datagram.peer.data() : nullptr,
                           addressed ? datagram.peer.size() : 0);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return IoResult::Done(static_cast<size_t>(sent));
  return errno == EAGAIN ? IoResult::WantWrite() : Fail(error);
}

IoResult TrySendMany(FdRef fd, absl::Span<const Datagram> datagrams,
                     absl::Status& error) {
  const size_t wanted = std::min(datagrams.size(), kMostDatagramsPerCall);
  mmsghdr messages[kMostDatagramsPerCall];
  iovec pieces[kMostDatagramsPerCall];
  for (size_t i = 0; i < wanted; ++i) {
    const absl::string_view data = datagrams[i].data;
    pieces[i] = {const_cast<char*>(data.data()), data.size()};
    messages[i] = {};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    SetDestination(datagrams[i], messages[i].msg_hdr);
  }
  int sent;
  do {
    sent =
        fd.calls().SendMany(fd.get(), messages, static_cast<unsigned>(wanted));
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return IoResult::Done(static_cast<size_t>(sent));
  return errno == EAGAIN ? IoResult::WantWrite() : Fail(error);
}

}  // namespace lev
