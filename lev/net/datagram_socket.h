// Where datagrams meet the loop: a UDP socket, or one of the UNIX domain.
//
// Receiving and sending are steps, as in Connection. Several tasks may wait in
// either: each arrival (or room) wakes the next. An error that the network has
// reported ("Connection refused") is told once, and the socket stays usable.

#ifndef LEV_NET_DATAGRAM_SOCKET_H_
#define LEV_NET_DATAGRAM_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/loop/step.h"
#include "lev/loop/waiter.h"
#include "lev/net/address.h"
#include "lev/net/datagram.h"
#include "lev/net/owned_fd.h"
#include "lev/net/retry_timer.h"
#include "lev/net/socket_calls.h"
#include "lev/net/socket_options.h"
#include "lev/net/unix_socket.h"

namespace lev {

class DatagramSocket {
 public:
  enum class Family : uint8_t {
    kFixed,
    // An IPv4 socket until it is used with an address for the first time. If
    // that is IPv6 it becomes an IPv6 socket, under the same number, which
    // has the options that were set by then.
    kByFirstUse,
  };

  // Datagrams are received into `scratch`, which is shared.
  DatagramSocket(EventLoop& loop, OwnedFd fd, absl::Span<char> scratch,
                 Family family = Family::kFixed);
  // Closes. Nobody may be waiting.
  ~DatagramSocket();
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  // In the UNIX domain the file is removed when this closes.
  absl::Status Bind(const Address& address);
  absl::Status Connect(const Address& peer);
  absl::Status Disconnect();
  // See multicast.h.
  absl::Status Join(const Address& group, absl::string_view interface);
  absl::Status Leave(const Address& group, absl::string_view interface);
  absl::Status SetOption(const SocketOption& option, const OptionValue& value);

  // Done: `datagram` holds until anybody receives again.
  Step RecvFrom(size_t max, Datagram& datagram);
  // The same, for as many as one call gets: `received` of them.
  Step RecvMany(size_t max, absl::Span<Datagram> datagrams, size_t& received);
  // The step that has failed has something to return before its error, which
  // the next receive will tell.
  void PostponeError() { postponed_ = std::move(error_); }

  Step SendTo(const Datagram& datagram);
  // Sends from `sent` on, and counts there, until all have gone. An error is
  // that of datagrams[sent].
  Step SendMany(absl::Span<const Datagram> datagrams, size_t& sent);

  // Somebody who was woken has gone without a try: the next ones look.
  void PassOn();

  // The kernel does not say when a receiver of the UNIX domain has room again
  // for one who is not connected to it: it is asked so often.
  static constexpr Nanos kRetry = 10 * kMillisecond;

  // Idempotent.
  void Close();

  bool is_open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  FdRef ref() const { return fd_.ref(); }
  const absl::Status& error() const { return error_; }

 private:
  struct SetOptionRecord {
    const SocketOption* option;
    OptionValue value;
  };

  absl::Status Use(const Address& address);
  absl::Status BecomeIPv6();
  template <typename Receive>
  Step ReceiveBy(Receive receive);
  Step AfterSend(const IoResult& result, absl::Status error,
                 const Datagram& last);
  Step WaitOn(WaitList& list, bool ready = false);
  Step Fail(absl::Status error);

  OwnedFd fd_;
  BoundPath path_;
  FdWatch watch_;
  const absl::Span<char> scratch_;
  absl::Status error_;
  absl::Status postponed_;
  bool settled_;                          // Its family is.
  std::vector<SetOptionRecord> options_;  // Until then.
  std::unique_ptr<RetryTimer> retry_;
};

}  // namespace lev

#endif  // LEV_NET_DATAGRAM_SOCKET_H_
