// One machine of a network in memory: its addresses, its names and ports, its
// descriptors and processes. To programs it is the socket calls of the kernel.
//
// Who is given a MemoryHost as their SocketCalls runs "on" that host. It
// belongs to its network.

#ifndef LEV_TESTING_MEMORY_HOST_H_
#define LEV_TESTING_MEMORY_HOST_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "lev/net/address.h"
#include "lev/net/net_interface.h"
#include "lev/net/owned_fd.h"
#include "lev/net/socket_calls.h"
#include "lev/testing/memory_socket.h"
#include "lev/testing/packet.h"

namespace lev {

class MemoryHandle;
class MemoryHandles;
class MemoryNetwork;
class MemoryProcesses;

class MemoryHost final : public SocketCalls {
 public:
  MemoryHost(MemoryNetwork& network, std::string name,
             std::vector<Address> addresses);
  ~MemoryHost();

  const std::string& name() const { return name_; }
  const std::vector<Address>& addresses() const { return addresses_; }
  // How many, and which, in order.
  size_t open_descriptors() const;
  std::vector<int> descriptors() const;

  // What runs here: its own() process is the ProcessCalls for programs.
  MemoryProcesses& processes() { return *processes_; }
  // The host's own process gets a signal. What nobody has taken, and ends a
  // process, is a crash.
  void Signal(int signal);

  // With so many open, more are EMFILE.
  void SetDescriptorLimit(size_t limit) { limit_ = limit; }

  // The power goes: its descriptors and processes are gone without a word to
  // anybody, and all calls about them are EBADF. Nothing reaches it, or leaves
  // it, until Start.
  void Crash();
  void Start() { up_ = true; }
  bool up() const { return up_; }

  int Socket(int family, int type) override;
  int Accept(int fd, sockaddr* peer, socklen_t* size) override;
  void Close(int fd) override;
  int Pipe(int ends[2]) override;
  int Replace(int other, int fd) override;
  int Duplicate(int fd) override;
  int Poll(int fd, short events) override;
  FdRef Locate(int fd) override;
  int Bind(int fd, const sockaddr* address, socklen_t size) override;
  int Listen(int fd, int backlog) override;
  int Connect(int fd, const sockaddr* peer, socklen_t size) override;
  int Shutdown(int fd, int how) override;
  int LocalName(int fd, sockaddr* address, socklen_t* size) override;
  int PeerName(int fd, sockaddr* address, socklen_t* size) override;
  int GetOption(int fd, int level, int option, void* value,
                socklen_t* size) override;
  int SetOption(int fd, int level, int option, const void* value,
                socklen_t size) override;
  ssize_t Recv(int fd, void* data, size_t size, int flags, sockaddr* from,
               socklen_t* from_size) override;
  ssize_t Send(int fd, const void* data, size_t size, const sockaddr* to,
               socklen_t to_size) override;
  ssize_t RecvMessage(int fd, msghdr* message, int flags) override;
  ssize_t SendMessage(int fd, const msghdr* message) override;
  int RecvMany(int fd, mmsghdr* messages, unsigned count) override;
  int SendMany(int fd, mmsghdr* messages, unsigned count) override;
  ssize_t Read(int fd, void* data, size_t size) override;
  ssize_t Write(int fd, const void* data, size_t size) override;
  ssize_t SendFile(int fd, int file, off_t* offset, size_t size) override;
  int Interfaces(std::vector<NetInterface>& interfaces) override;

  // For sockets, processes, and the network.

  MemoryNetwork& network() const { return network_; }
  MemoryHandles& handles() { return *handles_; }
  // A number for what is no socket; -1 with errno.
  int Open(std::unique_ptr<MemoryHandle> handle);
  // Names the socket: 0, or a negative errno. Port 0: a free one.
  int Bind(MemorySocket& socket, const Address& address);
  // Whether somebody else has the address, who does not share it.
  bool IsTaken(const MemorySocket& socket, const Address& address,
               bool may_share = true) const;
  // Binds it if nobody has. `to` 0.0.0.0 becomes 127.0.0.1, and `from` where
  // what is sent there comes from. 0, or a negative errno.
  int PrepareToSend(MemorySocket& socket, Address& to, Address& from);
  // Who is bound to `to`, is of that type, and takes what comes from `from`;
  // or null.
  MemorySocket* Find(int type, const Address& to, const Address& from) const;
  // A datagram for many reaches all whom it is for.
  void ArriveForMany(const Packet& packet);
  // The socket of the UNIX domain that has this name, or null.
  MemorySocket* FindUnix(const std::string& name) const;
  // It goes: its name is free again.
  void Forget(MemorySocket& socket);
  // Another number of `fd`, one of this host's or of the kernel's, which is on
  // its way until Receive: it counts as open on no host. Invalid, with errno,
  // if there can be none.
  OwnedFd CopyForMessage(int fd);
  // False: the host has too many descriptors open.
  bool Receive(const OwnedFd& fd);
  // The network takes them away.
  void ForgetSockets() { sockets_.clear(); }

 private:
  // SOCK_STREAM or SOCK_DGRAM, and the port.
  using Port = std::pair<int, uint16_t>;

  MemorySocket* At(int fd) const;
  bool Has(int fd) const;
  int DuplicateAny(int fd);
  // What is wrong with a number that is no socket.
  int NoSocket(int fd) const;
  // Whether no more descriptors can be opened.
  bool IsFull() const { return open_descriptors() - passing_.size() >= limit_; }
  // Another number for the socket.
  int Give(MemorySocket& socket);
  // The number is no more one of its own. The last one: it closes.
  void Take(MemorySocket& socket, int fd, bool hard);
  // recvfrom, which also gets what else the message brings.
  ssize_t RecvInto(int fd, absl::Span<char> out, int flags,
                   MemorySocket::Arrival& arrival);
  // What a system call that came to `result` returns.
  ssize_t Finish(ssize_t result);
  // Whether what is sent to `to` is for this socket.
  static bool HearsFor(const MemorySocket& socket, const Address& to);
  bool HasAddress(const Address& address) const;
  uint16_t FreePort(const MemorySocket& socket, const Address& address);
  Address SourceFor(const MemorySocket& socket, const Address& to) const;
  int BindUnix(MemorySocket& socket, const Address& address);

  MemoryNetwork& network_;
  const std::string name_;
  const std::vector<Address> addresses_;
  absl::flat_hash_map<int, MemorySocket*> sockets_;
  const std::unique_ptr<MemoryHandles> handles_;
  const std::unique_ptr<MemoryProcesses> processes_;
  absl::flat_hash_set<int> passing_;  // Those numbers that are in messages.
  std::map<Port, std::vector<MemorySocket*>> ports_;
  std::map<std::string, MemorySocket*> unix_names_;
  size_t limit_ = std::numeric_limits<size_t>::max();
  uint16_t last_port_ = 49151;
  bool up_ = true;
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_HOST_H_
