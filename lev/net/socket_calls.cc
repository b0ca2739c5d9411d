#include "lev/net/socket_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "lev/net/without_sigpipe.h"

namespace lev {
namespace {

constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;

class Kernel final : public SocketCalls {
 public:
  constexpr Kernel() = default;

  int Socket(int family, int type) override {
    return socket(family, type | kFlags, 0);
  }
  int Accept(int fd, sockaddr* peer, socklen_t* size) override {
    return accept4(fd, peer, size, kFlags);
  }
  // Not retried on EINTR: Linux has released the number by then.
  void Close(int fd) override { close(fd); }
  int Pipe(int ends[2]) override { return pipe2(ends, O_NONBLOCK | O_CLOEXEC); }
  int Replace(int other, int fd) override { return dup3(other, fd, O_CLOEXEC); }
  int Duplicate(int fd) override { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }
  int Poll(int fd, short events) override {
    pollfd asked = {fd, events, 0};
    if (poll(&asked, 1, 0) < 0) return -1;
    if ((asked.revents & POLLNVAL) != 0) return errno = EBADF, -1;
    return asked.revents;
  }
  FdRef Locate(int fd) override { return fd; }

  int Bind(int fd, const sockaddr* address, socklen_t size) override {
    return bind(fd, address, size);
  }
  int Listen(int fd, int backlog) override { return listen(fd, backlog); }
  int Connect(int fd, const sockaddr* peer, socklen_t size) override {
    return connect(fd, peer, size);
  }
  int Shutdown(int fd, int how) override { return shutdown(fd, how); }
  int LocalName(int fd, sockaddr* address, socklen_t* size) override {
    return getsockname(fd, address, size);
  }
  int PeerName(int fd, sockaddr* address, socklen_t* size) override {
    return getpeername(fd, address, size);
  }
  int GetOption(int fd, int level, int option, void* value,
                socklen_t* size) override {
    return getsockopt(fd, level, option, value, size);
  }
  int SetOption(int fd, int level, int option, const void* value,
                socklen_t size) override {
    return setsockopt(fd, level, option, value, size);
  }

  ssize_t Recv(int fd, void* data, size_t size, int flags, sockaddr* from,
               socklen_t* from_size) override {
    return recvfrom(fd, data, size, flags, from, from_size);
  }
  ssize_t Send(int fd, const void* data, size_t size, const sockaddr* to,
               socklen_t to_size) override {
    return sendto(fd, data, size, MSG_NOSIGNAL, to, to_size);
  }
  ssize_t RecvMessage(int fd, msghdr* message, int flags) override {
    return recvmsg(fd, message, flags);
  }
  ssize_t SendMessage(int fd, const msghdr* message) override {
    return sendmsg(fd, message, MSG_NOSIGNAL);
  }
  int RecvMany(int fd, mmsghdr* messages, unsigned count) override {
    return recvmmsg(fd, messages, count, 0, nullptr);
  }
  int SendMany(int fd, mmsghdr* messages, unsigned count) override {
    return sendmmsg(fd, messages, count, MSG_NOSIGNAL);
  }
  ssize_t Read(int fd, void* data, size_t size) override {
    return read(fd, data, size);
  }
  ssize_t Write(int fd, const void* data, size_t size) override {
    return WithoutSigpipe([&] { return write(fd, data, size); });
  }
  ssize_t SendFile(int fd, int file, off_t* offset, size_t size) override {
    return WithoutSigpipe([&] { return sendfile(fd, file, offset, size); });
  }
  int Interfaces(std::vector<NetInterface>& interfaces) override {
    return KernelInterfaces(interfaces);
  }
};

constinit Kernel kernel;

}  // namespace

SocketCalls& KernelSockets() { return kernel; }

}  // namespace lev
