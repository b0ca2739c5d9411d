#include "lev/net/unix_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "lev/net/error.h"

namespace lev {
namespace {

constexpr size_t kControlSize = CMSG_SPACE(kMostFdsPerMessage * sizeof(int));

// Whether the file is a socket at which nobody listens.
bool IsStale(const Address& address) {
  struct stat info;
  if (stat(address.host().c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) {
    return false;
  }
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const absl::StatusOr<OwnedFd> probe = OpenUnixSocket(type);
    if (!probe.ok()) return false;
    if (connect(probe->get(), address.data(), address.size()) == 0) {
      return false;
    }
    // EPROTOTYPE: somebody is there, with the other type.
    if (errno == ECONNREFUSED) return true;
  }
  return false;
}

}  // namespace

BoundPath::BoundPath(const Address& address) {
  const std::string path = address.host();
  struct stat info;
  if (path.empty() || path[0] == '@' || stat(path.c_str(), &info) != 0) return;
  path_ = path;
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

BoundPath& BoundPath::operator=(BoundPath&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

void BoundPath::Remove() {
  struct stat info;
  const bool ours = !path_.empty() && stat(path_.c_str(), &info) == 0 &&
                    info.st_dev == device_ && info.st_ino == inode_;
  if (ours) unlink(path_.c_str());
  path_.clear();
}

absl::StatusOr<OwnedFd> OpenUnixSocket(int type, SocketCalls& calls) {
  OwnedFd fd(calls.Socket(AF_UNIX, type), calls);
  if (!fd.valid()) return ErrnoError(errno);
  return fd;
}

absl::StatusOr<BoundPath> BindUnixSocket(FdRef fd, const Address& address) {
  if (fd.calls().Bind(fd.get(), address.data(), address.size()) == 0)
    return BoundPath(address);
  int code = errno;
  if (code == EADDRINUSE && IsStale(address)) {
    unlink(address.host().c_str());
    if (fd.calls().Bind(fd.get(), address.data(), address.size()) == 0) {
      return BoundPath(address);
    }
    code = errno;
  }
  return ErrnoError(code == EINVAL ? EADDRINUSE : code);
}

absl::StatusOr<OwnedFd> OpenUnixListener(const Address& address,
                                         const UnixListenOptions& options,
                                         BoundPath& path, SocketCalls& calls) {
  absl::StatusOr<OwnedFd> fd = OpenUnixSocket(SOCK_STREAM, calls);
  if (!fd.ok()) return fd;
  absl::StatusOr<BoundPath> bound = BindUnixSocket(fd->ref(), address);
  if (!bound.ok()) return bound.status();
  // Nobody can connect before listen(2), so the mode is never too wide.
  if (options.mode >= 0 && bound->has_file() &&
      chmod(address.host().c_str(), static_cast<mode_t>(options.mode)) != 0) {
    return ErrnoError(errno);
  }
  if (calls.Listen(fd->get(), options.backlog) != 0) return ErrnoError(errno);
  path = *std::move(bound);
  return fd;
}

absl::StatusOr<PeerCredentials> GetPeerCredentials(FdRef fd) {
  ucred credentials;
  socklen_t size = sizeof(credentials);
  if (fd.calls().GetOption(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials,
                           &size) != 0) {
    return ErrnoError(errno);
  }
  return PeerCredentials{credentials.pid, credentials.uid, credentials.gid};
}

ssize_t SendWithFds(FdRef fd, absl::Span<const char> data,
                    absl::Span<const int> fds) {
  alignas(cmsghdr) char control[kControlSize] = {};
  iovec piece = {const_cast<char*>(data.data()), data.size()};
  msghdr message = {};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    const size_t bytes = fds.size() * sizeof(int);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr& part = *CMSG_FIRSTHDR(&message);
    part.cmsg_level = SOL_SOCKET;
    part.cmsg_type = SCM_RIGHTS;
    part.cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(&part), fds.data(), bytes);
  }
  return fd.calls().SendMessage(fd.get(), &message);
}

std::vector<int> FdsIn(const msghdr& message) {
  std::vector<int> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(const_cast<msghdr*>(&message), part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      fds.push_back(fd);
    }
  }
  return fds;
}

ssize_t RecvWithFds(FdRef fd, absl::Span<char> out, std::vector<OwnedFd>& fds,
                    bool& lost) {
  alignas(cmsghdr) char control[kControlSize];
  iovec piece = {out.data(), out.size()};
  msghdr message = {};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t count =
      fd.calls().RecvMessage(fd.get(), &message, MSG_CMSG_CLOEXEC);
  if (count < 0) return count;
  for (const int passed : FdsIn(message)) {
    fds.emplace_back(passed, fd.calls().Locate(passed).calls());
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) lost = true;
  return count;
}

}  // namespace lev
