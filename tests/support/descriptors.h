// Real descriptors for tests: how many are open, and connected pairs.

#ifndef TESTS_SUPPORT_DESCRIPTORS_H_
#define TESTS_SUPPORT_DESCRIPTORS_H_

#include <sys/resource.h>

#include <cstddef>

#include "lev/net/address.h"
#include "lev/net/owned_fd.h"
#include "lev/net/socket_calls.h"

namespace lev {

// The descriptors this process has open.
size_t CountOpenFds();

// The descriptors that the pollers of this process watch.
size_t CountPolledFds();

struct FdPair {
  OwnedFd a;
  OwnedFd b;
};

// Connected, non-blocking, of the UNIX domain.
FdPair UnixPair();

// Connected over the loopback interface, non-blocking.
FdPair TcpPair(SocketCalls& calls = KernelSockets());

// Listens at a free port of 127.0.0.1.
OwnedFd LoopbackListener(int backlog = 128,
                         SocketCalls& calls = KernelSockets());

// Where it is bound to.
Address AddressOf(const OwnedFd& socket);

// A port of 127.0.0.1 at which nobody listens.
Address RefusingAddress(SocketCalls& calls = KernelSockets());

// Waits until `fd` has one of poll(2)'s `events`, at most five seconds.
bool AwaitPoll(int fd, short events);

// Closes the descriptor so that the peer sees a reset.
void CloseWithReset(OwnedFd& fd);

// While this lives no further descriptor can be opened: EMFILE.
class NoFreeFds {
 public:
  NoFreeFds();
  ~NoFreeFds();
  NoFreeFds(const NoFreeFds&) = delete;
  NoFreeFds& operator=(const NoFreeFds&) = delete;

 private:
  rlimit before_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_DESCRIPTORS_H_
