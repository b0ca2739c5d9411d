// What the awaitable verbs of this room share, and connections as they get
// them.
//
//   lev::Co<absl::Status> Echo(std::unique_ptr<lev::Connection> client) {
//     for (;;) {
//       absl::StatusOr<std::string> data =
//           co_await lev::RecvSome(*client, 4096);
//       if (!data.ok()) co_return data.status();
//       absl::Status sent = co_await lev::Send(*client, *data);
//       if (!sent.ok()) co_return sent;
//     }
//   }
//
// Errors have the texts that lev/net/error.h lists. A wait that is given up
// (timeout, cancelled) loses nothing: what has arrived stays in the
// connection, which remains usable.

#ifndef LEV_NET_CO_NET_H_
#define LEV_NET_CO_NET_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/step.h"
#include "lev/net/address.h"
#include "lev/net/connection.h"
#include "lev/net/datagram_socket.h"
#include "lev/net/listener.h"
#include "lev/net/owned_fd.h"
#include "lev/net/resolver.h"
#include "lev/net/socket_calls.h"
#include "lev/net/tcp_socket.h"
#include "lev/task/co.h"
#include "lev/task/co_await.h"

namespace lev {

// One for a loop. It outlives the connections that are made with it, and the
// loop outlives it.
class NetContext {
 public:
  explicit NetContext(EventLoop& loop) : NetContext(loop, {}) {}
  // `calls`: where its sockets are made.
  NetContext(EventLoop& loop, ResolverOptions options,
             SocketCalls& calls = KernelSockets())
      : loop_(loop), calls_(calls), resolver_(loop, std::move(options)) {}
  NetContext(const NetContext&) = delete;
  NetContext& operator=(const NetContext&) = delete;

  EventLoop& loop() { return loop_; }
  SocketCalls& calls() { return calls_; }
  Resolver& resolver() { return resolver_; }

  // Where bytes arrive before they are handed out: shared by all connections,
  // or by all sockets for datagrams.
  absl::Span<char> scratch() { return Buffer(scratch_); }
  absl::Span<char> datagram_scratch() { return Buffer(datagram_scratch_); }

 private:
  static constexpr size_t kScratchSize = 256 * 1024;

  static absl::Span<char> Buffer(std::unique_ptr<char[]>& memory) {
    if (memory == nullptr) memory.reset(new char[kScratchSize]);
    return absl::MakeSpan(memory.get(), kScratchSize);
  }

  EventLoop& loop_;
  SocketCalls& calls_;
  Resolver resolver_;
  std::unique_ptr<char[]> scratch_;
  std::unique_ptr<char[]> datagram_scratch_;
};

// Sockets that are ready at once. A TCP or UNIX listener:
absl::StatusOr<std::unique_ptr<Listener>> Listen(
    NetContext& net, const Address& address, const ListenOptions& options = {});
// A UDP socket, bound to `local` if it is given:
absl::StatusOr<std::unique_ptr<DatagramSocket>> OpenDatagramSocket(
    NetContext& net, int family, std::optional<Address> local = std::nullopt);

using ConnectionOr = absl::StatusOr<std::unique_ptr<Connection>>;

// Connects over TCP or in the UNIX domain.
Co<ConnectionOr> Connect(NetContext& net, Address peer,
                         WaitOptions options = {});
// To the first address of `host`, a name or an address, that answers. `local`:
// from which address.
Co<ConnectionOr> Connect(NetContext& net, std::string host, uint16_t port,
                         WaitOptions options = {},
                         std::optional<Address> local = std::nullopt);

// All addresses of `host`, with `port`: IPv6 first, each family in the order in
// which they are to be tried. `family`: AF_INET, AF_INET6, AF_UNSPEC for both.
Co<absl::StatusOr<std::vector<Address>>> Resolve(NetContext& net,
                                                 std::string host,
                                                 uint16_t port,
                                                 WaitOptions options = {},
                                                 int family = AF_UNSPEC);

struct Accepted {
  std::unique_ptr<Connection> connection;
  Address peer;
};

class AcceptVerb final : public CoVerb {
 public:
  AcceptVerb(NetContext& net, Listener& listener, WaitOptions options)
      : CoVerb(options), net_(net), listener_(listener) {}

  absl::StatusOr<Accepted> Take();

 private:
  Step Try(bool) override { return listener_.Accept(fd_, peer_); }

  NetContext& net_;
  Listener& listener_;
  OwnedFd fd_;
  Address peer_;
};

// Any number may wait at a listener.
inline AcceptVerb Accept(NetContext& net, Listener& listener,
                         WaitOptions options = {}) {
  return AcceptVerb(net, listener, options);
}

}  // namespace lev

#endif  // LEV_NET_CO_NET_H_
