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
#include "lev/net/address.h"
#include "lev/net/socket_calls.h"
#include "lev/testing/memory_socket.h"

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
  // Descriptors cannot be passed: EOPNOTSUPP.
  ssize_t RecvMessage(int fd, msghdr* message, int flags) override;
  ssize_t SendMessage(int fd, const msghdr* message) override;
  int RecvMany(int fd, mmsghdr* messages, unsigned count) override;
  int SendMany(int fd, mmsghdr* messages, unsigned count) override;
  ssize_t Read(int fd, void* data, size_t size) override;
  ssize_t Write(int fd, const void* data, size_t size) override;
  ssize_t SendFile(int fd, int file, off_t* offset, size_t size) override;

  // For sockets, processes, and the network.

  MemoryNetwork& network() const { return network_; }
  MemoryHandles& handles() { return *handles_; }
  // A number for what is no socket, or another one of what has one; -1 with
  // errno.
  int Open(std::unique_ptr<MemoryHandle> handle);
  int Duplicate(int fd);
  // Names the socket: 0, or a negative errno. Port 0: a free one.
  int Bind(MemorySocket& socket, const Address& address);
  // Binds it if nobody has. `to` 0.0.0.0 becomes 127.0.0.1, and `from` where
  // what is sent there comes from. 0, or a negative errno.
  int PrepareToSend(MemorySocket& socket, Address& to, Address& from);
  // Who is bound to `to`, is of that type, and takes what comes from `from`;
  // or null.
  MemorySocket* Find(int type, const Address& to, const Address& from) const;
  // The socket of the UNIX domain that has this name, or null.
  MemorySocket* FindUnix(const std::string& name) const;
  // It goes: its name is free again.
  void Forget(MemorySocket& socket);

 private:
  // SOCK_STREAM or SOCK_DGRAM, and the port.
  using Port = std::pair<int, uint16_t>;

  MemorySocket* At(int fd) const;
  // What is wrong with a number that is no socket.
  int NoSocket(int fd) const;
  int Give(MemorySocket& socket);
  // What a system call that came to `result` returns.
  ssize_t Finish(ssize_t result);
  bool HasAddress(const Address& address) const;
  bool IsTaken(const MemorySocket& socket, const Address& address) const;
  uint16_t FreePort(const MemorySocket& socket, const Address& address);
  Address SourceFor(const MemorySocket& socket, const Address& to) const;
  int BindUnix(MemorySocket& socket, const Address& address);

  MemoryNetwork& network_;
  const std::string name_;
  const std::vector<Address> addresses_;
  absl::flat_hash_map<int, MemorySocket*> sockets_;
  const std::unique_ptr<MemoryHandles> handles_;
  const std::unique_ptr<MemoryProcesses> processes_;
  std::map<Port, std::vector<MemorySocket*>> ports_;
  std::map<std::string, MemorySocket*> unix_names_;
  size_t limit_ = std::numeric_limits<size_t>::max();
  uint16_t last_port_ = 49151;
  bool up_ = true;
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_HOST_H_
