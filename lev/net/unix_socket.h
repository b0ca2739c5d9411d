// What only sockets of the UNIX domain can do: names in the file system, the
// peer's credentials, descriptors as messages. No loop, no waiting.

#ifndef LEV_NET_UNIX_SOCKET_H_
#define LEV_NET_UNIX_SOCKET_H_

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lev/net/address.h"
#include "lev/net/owned_fd.h"
#include "lev/net/socket_calls.h"

namespace lev {

// A socket's file: removed with this object, unless somebody else has put
// another in its place. Empty for abstract names.
class BoundPath {
 public:
  BoundPath() = default;
  // `address` has just been bound by this process.
  explicit BoundPath(const Address& address);
  BoundPath(BoundPath&& other) noexcept { *this = std::move(other); }
  BoundPath& operator=(BoundPath&& other) noexcept;
  ~BoundPath() { Remove(); }

  void Remove();

  // None for abstract names, nor in a network in memory.
  bool has_file() const { return !path_.empty(); }

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// An unconnected socket: SOCK_STREAM or SOCK_DGRAM.
absl::StatusOr<OwnedFd> OpenUnixSocket(int type,
                                       SocketCalls& calls = KernelSockets());

// Binds. A file left behind by a process that has died (nobody listens there)
// is replaced; one in use is "Address already in use".
absl::StatusOr<BoundPath> BindUnixSocket(FdRef fd, const Address& address);

struct UnixListenOptions {
  int backlog = 128;
  int mode = -1;  // Permissions of the file; negative: as umask says.
};

absl::StatusOr<OwnedFd> OpenUnixListener(const Address& address,
                                         const UnixListenOptions& options,
                                         BoundPath& path,
                                         SocketCalls& calls = KernelSockets());

struct PeerCredentials {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

// Of the process that connected, as it was then.
absl::StatusOr<PeerCredentials> GetPeerCredentials(FdRef fd);

// The kernel takes no more in one message.
constexpr size_t kMostFdsPerMessage = 253;

// The descriptors that the control data of a message passes on (SCM_RIGHTS).
std::vector<int> FdsIn(const msghdr& message);

// send(2) and recv(2) with descriptors, at most kMostFdsPerMessage, as part of
// the first byte; errno's conventions. Received ones are close-on-exec; `lost`
// is set if some could not be received (EMFILE).
ssize_t SendWithFds(FdRef fd, absl::Span<const char> data,
                    absl::Span<const int> fds);
ssize_t RecvWithFds(FdRef fd, absl::Span<char> out, std::vector<OwnedFd>& fds,
                    bool& lost);

}  // namespace lev

#endif  // LEV_NET_UNIX_SOCKET_H_
