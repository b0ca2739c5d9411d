// The system calls of sockets, as an interface: what they take, return and
// leave in errno is what the manual says of the call of that name.
//
// The kernel's own are KernelSockets, which have no state; a network in memory
// (lev/testing/memory_network.h) is another body, so that whole programs run
// on it unchanged. A descriptor remembers which of the two it is of (OwnedFd,
// FdRef): who makes a socket says where, once, and nobody else asks.
//
// Pipes come here, too; of other descriptors only what all can do: Close,
// Duplicate, Poll.

#ifndef LEV_NET_SOCKET_CALLS_H_
#define LEV_NET_SOCKET_CALLS_H_

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "lev/net/net_interface.h"

namespace lev {

class FdRef;

class SocketCalls {
 public:
  SocketCalls(const SocketCalls&) = delete;
  SocketCalls& operator=(const SocketCalls&) = delete;

  // Non-blocking and close-on-exec from birth, as is what Accept returns.
  virtual int Socket(int family, int type) = 0;
  virtual int Accept(int fd, sockaddr* peer, socklen_t* size) = 0;
  virtual void Close(int fd) = 0;
  // Both ends non-blocking and close-on-exec; the first is to be read.
  virtual int Pipe(int ends[2]) = 0;
  // dup3: `fd` becomes another number of what `other` is.
  virtual int Replace(int other, int fd) = 0;
  // F_DUPFD_CLOEXEC: another number of what `fd` is.
  virtual int Duplicate(int fd) = 0;
  // poll(2) of one, which never waits: what there is of `events`, or 0. A
  // number that is none is an error.
  virtual int Poll(int fd, short events) = 0;
  // Whose a number is that came from outside: one of these, or the kernel's.
  virtual FdRef Locate(int fd) = 0;

  virtual int Bind(int fd, const sockaddr* address, socklen_t size) = 0;
  virtual int Listen(int fd, int backlog) = 0;
  virtual int Connect(int fd, const sockaddr* peer, socklen_t size) = 0;
  virtual int Shutdown(int fd, int how) = 0;
  virtual int LocalName(int fd, sockaddr* address, socklen_t* size) = 0;
  virtual int PeerName(int fd, sockaddr* address, socklen_t* size) = 0;
  virtual int GetOption(int fd, int level, int option, void* value,
                        socklen_t* size) = 0;
  virtual int SetOption(int fd, int level, int option, const void* value,
                        socklen_t size) = 0;

  // recvfrom and sendto; with no address recv and send. What sends never
  // raises SIGPIPE.
  virtual ssize_t Recv(int fd, void* data, size_t size, int flags,
                       sockaddr* from, socklen_t* from_size) = 0;
  virtual ssize_t Send(int fd, const void* data, size_t size,
                       const sockaddr* to, socklen_t to_size) = 0;
  virtual ssize_t RecvMessage(int fd, msghdr* message, int flags) = 0;
  virtual ssize_t SendMessage(int fd, const msghdr* message) = 0;
  virtual int RecvMany(int fd, mmsghdr* messages, unsigned count) = 0;
  virtual int SendMany(int fd, mmsghdr* messages, unsigned count) = 0;
  // read(2) and write(2).
  virtual ssize_t Read(int fd, void* data, size_t size) = 0;
  virtual ssize_t Write(int fd, const void* data, size_t size) = 0;
  virtual ssize_t SendFile(int fd, int file, off_t* offset, size_t size) = 0;

  // getifaddrs.
  virtual int Interfaces(std::vector<NetInterface>& interfaces) = 0;

 protected:
  SocketCalls() = default;
  ~SocketCalls() = default;  // Nobody owns one through this.
};

// Those of the kernel.
SocketCalls& KernelSockets();

// A borrowed descriptor: a number, and where it means something.
class FdRef {
 public:
  // A plain number is the kernel's: most are, and all that come from outside.
  FdRef(int fd)  // NOLINT(google-explicit-constructor)
      : FdRef(fd, KernelSockets()) {}
  FdRef(int fd, SocketCalls& calls) : calls_(&calls), fd_(fd) {}

  int get() const { return fd_; }
  SocketCalls& calls() const { return *calls_; }

 private:
  SocketCalls* calls_;
  int fd_;
};

}  // namespace lev

#endif  // LEV_NET_SOCKET_CALLS_H_
