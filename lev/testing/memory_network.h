// A network in memory: hosts, the links between them, and all that can go
// wrong there. Whole programs run on it unchanged, in virtual time.
//
//   FakeClock clock;
//   FakePoller poller(clock);
//   MemoryNetwork network(clock, poller, {.seed = 42});
//   MemoryHost& a = network.AddHost("a");
//   MemoryHost& b = network.AddHost("b");
//   network.SetLink(a, b, {.latency = 50 * kMillisecond, .loss = 0.01});
//
// A host is given to programs as their SocketCalls; its sockets become ready in
// the poller, and what takes time happens in the clock's. (TestWorld puts all
// of it together.) Packets that need no time arrive before the call that sent
// them returns, as over the kernel's loopback.
//
// Everything is decided by the seed: the same program and seed give the same
// trace, byte for byte. The network borrows clock and poller, owns hosts and
// sockets, and outlives whoever uses these.

#ifndef LEV_TESTING_MEMORY_NETWORK_H_
#define LEV_TESTING_MEMORY_NETWORK_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/loop/clock.h"
#include "lev/loop/fake_poller.h"
#include "lev/net/address.h"
#include "lev/net/host_table.h"
#include "lev/testing/dice.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_link.h"
#include "lev/testing/memory_socket.h"
#include "lev/testing/packet.h"

namespace lev {

class MemoryNetwork {
 public:
  struct Options {
    uint64_t seed = 0;
    bool trace = false;
  };

  MemoryNetwork(Clock& clock, FakePoller& poller, Options options);
  ~MemoryNetwork();
  MemoryNetwork(const MemoryNetwork&) = delete;
  MemoryNetwork& operator=(const MemoryNetwork&) = delete;

  // A new host, whose name nobody has. Without addresses it is 10.0.0.N, the
  // N-th one. Beside these each host has its own loopback, IPv6 included.
  MemoryHost& AddHost(absl::string_view name,
                      std::vector<Address> addresses = {});
  // Null if there is none.
  MemoryHost* FindHost(absl::string_view name) const;
  const std::vector<std::unique_ptr<MemoryHost>>& hosts() const {
    return hosts_;
  }

  // From now on, one way; of a host to itself, too. Links that nobody has
  // planned are perfect.
  void SetLink(const MemoryHost& from, const MemoryHost& to,
               const LinkPlan& plan);
  const LinkPlan& PlanOf(const MemoryHost& from, const MemoryHost& to);

  // Nothing gets from any of these to any of those, nor back.
  void Partition(absl::Span<MemoryHost* const> these,
                 absl::Span<MemoryHost* const> those);
  void Partition(MemoryHost& one, MemoryHost& other);
  void Heal();

  // Connections between the two are reset, at both ends.
  void ResetConnections(const MemoryHost& one, const MemoryHost& other);

  // One line a packet: when it was sent, from and to whom, what, and when it
  // will arrive or why not; and what was noted. Empty unless it was asked for.
  const std::string& trace() const { return trace_; }
  bool traces() const { return traces_; }
  void Note(absl::string_view line);

  // The names that can be resolved, those of the hosts among them: to be given
  // to a Resolver (ResolverOptions::table).
  HostTable& names() { return names_; }

  // Descriptors that are open, on all hosts.
  size_t open_descriptors() const;

  // For hosts, sockets and processes.

  FakePoller& poller() { return poller_; }
  // The number of a new process.
  pid_t NextPid() { return ++last_pid_; }
  // Where `address` leads to from `from`, or null.
  MemoryHost* HostOf(MemoryHost& from, const Address& address);
  MemorySocket& NewSocket(MemoryHost& host, int family, int type);
  // Null if it is gone.
  MemorySocket* FindSocket(SocketId id) const;
  // Does so later, unless the socket is gone by then.
  void Later(Nanos delay, SocketId socket,
             absl::AnyInvocable<void(MemorySocket&)> action);
  void Send(MemoryHost& from, MemoryHost& to, Packet packet);
  // What has arrived by now reaches its sockets.
  void Deliver();
  // Nobody has got it: who waits for that is told.
  void Lose(const Packet& packet);
  // The connection on `host` that answers a client; null if there is none.
  MemorySocket* FindPeerOf(SocketId client, const MemoryHost& host) const;
  void NotePeer(SocketId client, const MemorySocket& connection) {
    peers_[client] = connection.id();
  }
  // It is gone once all have arrived. In peace: who still has doubts will hear
  // that all before `expected` has come.
  void Bury(MemorySocket& socket);
  void BuryInPeace(MemorySocket& socket, uint64_t expected);
  // They are closed once no socket is in the middle of anything.
  void Discard(MemorySocket::Rights rights);
  void RemoveAll(const MemoryHost& host);
  void ForEachSocket(const MemoryHost& host,
                     absl::FunctionRef<void(MemorySocket&)> visit);

 private:
  struct Flight {
    MemoryHost* from;
    MemoryHost* to;
    Packet packet;
  };

  MemoryLink& LinkOf(const MemoryHost& from, const MemoryHost& to);
  void Launch(Flight flight, Nanos delay);
  void Land(Flight flight);
  MemorySocket* ReceiverOf(const Flight& flight);
  void CloseBuried();
  void AnswerForNobody(const Flight& flight);
  void Trace(const Flight& flight, const MemoryLink::Passage& passage);

  Clock& clock_;
  FakePoller& poller_;
  Dice dice_;
  const bool traces_;
  std::string trace_;
  std::vector<std::unique_ptr<MemoryHost>> hosts_;
  HostTable names_;
  std::map<std::pair<const MemoryHost*, const MemoryHost*>, MemoryLink> links_;
  SocketId last_id_ = 0;
  pid_t last_pid_ = 1;
  std::map<SocketId, std::unique_ptr<MemorySocket>> sockets_;
  std::vector<std::unique_ptr<MemorySocket>> buried_;
  std::vector<MemorySocket::Rights> discarded_;
  std::map<SocketId, SocketId> peers_;     // By client, who answers it.
  std::map<SocketId, uint64_t> in_peace_;  // What they had received.
  std::deque<Flight> arrived_;
  bool delivering_ = false;
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_NETWORK_H_
