// Connects to the first of a host's addresses that answers, as RFC 8305
// ("Happy Eyeballs", version 2) says.
//
// Addresses are tried in turns of IPv6 and IPv4, IPv6 first, and within a
// family in the order in which the lookup has them. An attempt that has not
// succeeded after the attempt delay gets company; one that failed, at once.
// The first to succeed wins, and the others are closed. The lookup need not
// be complete: a family that is answered later joins. If IPv4 is answered
// first, IPv6 has the resolution delay to follow.
//
// A Connector is the list to wait on: it fires when it is decided. Destroying
// it withdraws and closes everything, and wakes who waits there. It borrows its
// lookup and its dialer.

#ifndef LEV_NET_CONNECTOR_H_
#define LEV_NET_CONNECTOR_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/loop/waiter.h"
#include "lev/net/address.h"
#include "lev/net/io_result.h"
#include "lev/net/lookup.h"
#include "lev/net/owned_fd.h"
#include "lev/net/socket_calls.h"

namespace lev {

// What one attempt asks of the world.
class Dialer {
 public:
  virtual ~Dialer() = default;

  // Begins to connect to `peer`. Done: `fd` is connected. WantWrite: ask
  // Finish when `fd` is writable. Failed: `error` says why.
  virtual IoResult Start(const Address& peer, OwnedFd& fd,
                         absl::Status& error) = 0;
  virtual IoResult Finish(int fd, absl::Status& error) = 0;
};

// TCP, from `local` if it is given: then only its family can be dialled.
class TcpDialer final : public Dialer {
 public:
  explicit TcpDialer(std::optional<Address> local = std::nullopt,
                     SocketCalls& calls = KernelSockets())
      : calls_(calls), local_(local) {}

  IoResult Start(const Address& peer, OwnedFd& fd,
                 absl::Status& error) override;
  IoResult Finish(int fd, absl::Status& error) override;

 private:
  SocketCalls& calls_;
  const std::optional<Address> local_;
};

class Connector final : public WaitList, private Waiter {
 public:
  struct Options {
    Nanos resolution_delay = 50 * kMillisecond;
    Nanos attempt_delay = 250 * kMillisecond;
  };

  Connector(EventLoop& loop, Lookup& lookup, Dialer& dialer, Options options);
  Connector(EventLoop& loop, Lookup& lookup, Dialer& dialer)
      : Connector(loop, lookup, dialer, {}) {}
  ~Connector() override;

  bool decided() const { return decided_; }

  // Once decided: OK if there is a connection. Otherwise why no address could
  // be found, or the most telling of what the attempts came to: the last that
  // is not about the way to the host.
  const absl::Status& error() const { return error_; }

  // The connection, to be taken once; and whom it is to.
  OwnedFd TakeFd() { return std::move(winner_); }
  const Address& peer() const { return peer_; }

  // `a connection to "x.test"`
  std::string Describe() const override;

 private:
  struct Attempt {
    OwnedFd fd;
    FdWatch watch;
    Address peer;
  };

  void Run() override;
  bool MayBegin();
  void Finish();
  void StartAll();
  const Address* Next();
  void Start(const Address& peer);
  void Win(OwnedFd fd, const Address& peer);
  void Failed(absl::Status error);
  void Decide();
  void ParkAgain();

  Lookup& lookup_;
  Dialer& dialer_;
  const Options options_;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  std::vector<Arm> arms_;
  size_t tried_v6_ = 0;  // How many of the lookup's addresses.
  size_t tried_v4_ = 0;
  bool turn_of_v4_ = false;
  Instant next_start_ = 0;        // Not before, if an attempt is under way.
  Instant v6_expected_ = kNever;  // Until then, once IPv4 is answered.
  bool decided_ = false;
  absl::Status error_;
  OwnedFd winner_;
  Address peer_;
};

}  // namespace lev

#endif  // LEV_NET_CONNECTOR_H_
