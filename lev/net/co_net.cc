#include "lev/net/co_net.h"

#include <sys/socket.h>

#include <string>
#include <utility>

#include "lev/net/connector.h"
#include "lev/net/datagram.h"
#include "lev/net/error.h"
#include "lev/net/fd_stream.h"
#include "lev/net/host_name.h"
#include "lev/net/lookup.h"
#include "lev/net/unix_socket.h"

namespace lev {
namespace {

class ConnectVerb final : public CoVerb {
 public:
  ConnectVerb(Connection& connection, const Address& peer, WaitOptions options)
      : CoVerb(options), connection_(connection), peer_(peer) {}

  absl::Status Take() { return failed() ? connection_.error() : status(); }

 private:
  Step Try(bool) override { return connection_.Connect(peer_); }

  Connection& connection_;
  const Address& peer_;
};

class DialVerb final : public CoVerb {
 public:
  DialVerb(Connector& connector, WaitOptions options)
      : CoVerb(options), connector_(connector) {}

  absl::Status Take() { return status().ok() ? connector_.error() : status(); }

 private:
  Step Try(bool) override {
    return connector_.decided() ? Step::Done() : Step::Blocked(connector_);
  }

  Connector& connector_;
};

class LookupVerb final : public CoVerb {
 public:
  LookupVerb(Lookup& lookup, WaitOptions options)
      : CoVerb(options), lookup_(lookup) {}

  absl::Status Take() { return status().ok() ? lookup_.error() : status(); }

 private:
  Step Try(bool) override {
    return lookup_.complete() ? Step::Done() : Step::Blocked(lookup_);
  }

  Lookup& lookup_;
};

FdStream::Kind KindOf(const Address& address) {
  return address.is_unix() ? FdStream::Kind::kUnixSocket
                           : FdStream::Kind::kSocket;
}

std::unique_ptr<Connection> MakeConnection(NetContext& net, OwnedFd fd,
                                           const Address& peer) {
  return std::make_unique<Connection>(net.loop(), std::move(fd), net.scratch(),
                                      KindOf(peer));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listen(NetContext& net,
                                                 const Address& address,
                                                 const ListenOptions& options) {
  if (address.is_unix()) {
    BoundPath path;
    absl::StatusOr<OwnedFd> fd = OpenUnixListener(
        address, {.backlog = options.backlog}, path, net.calls());
    if (!fd.ok()) return fd.status();
    return std::make_unique<Listener>(net.loop(), *std::move(fd),
                                      std::move(path));
  }
  absl::StatusOr<OwnedFd> fd = OpenTcpListener(address, options, net.calls());
  if (!fd.ok()) return fd.status();
  return std::make_unique<Listener>(net.loop(), *std::move(fd));
}

absl::StatusOr<std::unique_ptr<DatagramSocket>> OpenDatagramSocket(
    NetContext& net, int family, std::optional<Address> local) {
  absl::StatusOr<OwnedFd> fd = OpenUdpSocket(family, net.calls());
  if (!fd.ok()) return fd.status();
  auto socket = std::make_unique<DatagramSocket>(net.loop(), *std::move(fd),
                                                 net.datagram_scratch());
  if (local.has_value()) {
    absl::Status bound = socket->Bind(*local);
    if (!bound.ok()) return bound;
  }
  return socket;
}

Co<ConnectionOr> Connect(NetContext& net, Address peer, WaitOptions options) {
  absl::StatusOr<OwnedFd> fd = peer.is_unix()
                                   ? OpenUnixSocket(SOCK_STREAM, net.calls())
                                   : OpenTcpSocket(peer.family(), net.calls());
  if (!fd.ok()) co_return fd.status();
  auto connection = MakeConnection(net, *std::move(fd), peer);
  absl::Status connected = co_await ConnectVerb(*connection, peer, options);
  if (!connected.ok()) co_return connected;
  co_return connection;
}

Co<ConnectionOr> Connect(NetContext& net, std::string host, uint16_t port,
                         WaitOptions options, std::optional<Address> local) {
  TcpDialer dialer(local, net.calls());
  Lookup lookup(local.has_value() ? local->family() : AF_UNSPEC);
  Connector connector(net.loop(), lookup, dialer);
  net.resolver().Start(host, port, lookup);
  absl::Status connected = co_await DialVerb(connector, options);
  if (!connected.ok()) co_return connected;
  co_return MakeConnection(net, connector.TakeFd(), connector.peer());
}

Co<absl::StatusOr<std::vector<Address>>> Resolve(NetContext& net,
                                                 std::string host,
                                                 uint16_t port,
                                                 WaitOptions options,
                                                 int family) {
  Lookup lookup(family);
  net.resolver().Start(host, port, lookup);
  absl::Status found = co_await LookupVerb(lookup, options);
  if (!found.ok()) co_return found;
  std::vector<Address> addresses = lookup.addresses(AF_INET6);
  for (const Address& address : lookup.addresses(AF_INET)) {
    addresses.push_back(address);
  }
  co_return addresses;
}

absl::StatusOr<Accepted> AcceptVerb::Take() {
  if (failed()) return listener_.error();
  if (!status().ok()) return status();
  return Accepted{MakeConnection(net_, std::move(fd_), peer_), peer_};
}

}  // namespace lev
