// A socket of a network in memory: what system calls and packets do to it.
//
// Its host (MemoryHost) turns descriptors into sockets; the network owns all of
// them, and brings packets. A socket outlives its descriptors when it still has
// something to send.
//
// The methods named for system calls return what these do, or an error of
// errno, negative.

#ifndef LEV_TESTING_MEMORY_SOCKET_H_
#define LEV_TESTING_MEMORY_SOCKET_H_

#include <errno.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "lev/net/address.h"
#include "lev/net/owned_fd.h"
#include "lev/testing/memory_groups.h"
#include "lev/testing/packet.h"

namespace lev {

class FakePoller;
class MemoryHost;
class MemoryNetwork;

class MemorySocket {
 public:
  MemorySocket(MemoryHost& host, SocketId id, int family, int type)
      : host_(host), id_(id), family_(family), type_(type) {}
  virtual ~MemorySocket() = default;
  MemorySocket(const MemorySocket&) = delete;
  MemorySocket& operator=(const MemorySocket&) = delete;

  virtual int Listen(int backlog) = 0;
  virtual int Connect(const Address& peer) = 0;
  // The next connection, to which the caller gives a descriptor.
  virtual int Accept(MemorySocket*& connection) = 0;
  virtual int Shutdown(int how) = 0;
  // Descriptors on their way (SCM_RIGHTS): copies, which go with a message.
  using Rights = std::vector<OwnedFd>;
  // What a message brings beside its bytes.
  struct Arrival {
    Address from = {};
    size_t whole = 0;  // How large the datagram was.
    Rights rights = {};
  };
  virtual ssize_t Recv(absl::Span<char> out, Arrival& arrival) = 0;
  // Only sockets of the UNIX domain pass `rights` on.
  virtual ssize_t Send(absl::Span<const char> data, const Address* to,
                       Rights rights) = 0;
  // Which of `events` poll(2) would report.
  virtual int Poll(int events) const = 0;
  // Its last descriptor was closed, in the way of SO_LINGER 0 if `hard`.
  virtual void Close(bool hard) = 0;

  // A packet for it has come; one that it is waiting to have answered is lost.
  virtual void Arrive(Packet packet) = 0;
  virtual void Lose() {}
  // Both ends of a connection with `peer` are to find it reset.
  virtual void ResetWith(const MemoryHost& peer) { static_cast<void>(peer); }
  virtual bool listens() const { return false; }

  MemoryHost& host() const { return host_; }
  SocketId id() const { return id_; }
  int family() const { return family_; }
  int type() const { return type_; }
  const Address& local() const { return local_; }
  bool bound() const { return bound_; }
  // The peer's name; false if it has none.
  bool connected(Address& peer) const {
    if (connected_) peer = peer_;
    return connected_;
  }
  // Whom it is, or was, connected to.
  const Address& peer() const { return peer_; }
  // SO_ERROR: told once.
  int TakeError() { return std::exchange(error_, 0); }

  // This is its name from now on; `bound`: somebody has chosen it.
  void Name(const Address& address, bool bound = true) {
    local_ = address;
    bound_ = bound;
  }

  // One of its descriptors; negative when it has none (not accepted yet, or
  // closed).
  int fd = -1;
  std::vector<int> fds;  // All of them.
  // Whether a switch is on.
  bool HasSwitch(int level, int option) const {
    return Option(level, option, 0) == 1;
  }
  std::vector<MemoryGroup> groups;  // That it has joined.
  // By level and option, what was set.
  std::map<std::pair<int, int>, std::string> options;

 protected:
  FakePoller& poller() const;
  MemoryNetwork& network() const;
  // The option as a number, or `otherwise`.
  int64_t Option(int level, int option, int64_t otherwise) const;

  Address local_;
  Address peer_;
  bool bound_ = false;
  bool connected_ = false;
  int error_ = 0;

 private:
  MemoryHost& host_;
  const SocketId id_;
  const int family_;
  const int type_;
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_SOCKET_H_
