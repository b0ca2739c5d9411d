// Awaitable verbs of datagram sockets.

#ifndef LEV_NET_CO_DATAGRAM_H_
#define LEV_NET_CO_DATAGRAM_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/loop/step.h"
#include "lev/net/address.h"
#include "lev/net/datagram.h"
#include "lev/net/datagram_socket.h"
#include "lev/task/co_await.h"

namespace lev {

struct ReceivedDatagram {
  std::string data;
  Address peer;
  bool truncated = false;  // It was larger than asked for.
};

class RecvFromVerb final : public CoVerb {
 public:
  RecvFromVerb(DatagramSocket& socket, size_t max, WaitOptions options)
      : CoVerb(options), socket_(socket), max_(max) {}

  absl::StatusOr<ReceivedDatagram> Take() {
    if (failed()) return socket_.error();
    if (!status().ok()) return status();
    return std::move(received_);
  }

 private:
  Step Try(bool) override {
    Datagram datagram;
    const Step step = socket_.RecvFrom(max_, datagram);
    if (!step.done()) return step;
    received_.data.assign(datagram.data.data(), datagram.data.size());
    received_.peer = datagram.peer;
    received_.truncated = datagram.truncated;
    return step;
  }

  DatagramSocket& socket_;
  const size_t max_;
  ReceivedDatagram received_;
};

// A datagram of at most `max` bytes: a StatusOr<ReceivedDatagram>.
inline RecvFromVerb RecvFrom(DatagramSocket& socket, size_t max = 65536,
                             WaitOptions options = {}) {
  return RecvFromVerb(socket, max, options);
}

class SendToVerb final : public CoVerb {
 public:
  SendToVerb(DatagramSocket& socket, const Datagram& datagram,
             WaitOptions options)
      : CoVerb(options), socket_(socket), datagram_(datagram) {}

  absl::Status Take() { return failed() ? socket_.error() : status(); }

 private:
  Step Try(bool) override { return socket_.SendTo(datagram_); }

  DatagramSocket& socket_;
  const Datagram datagram_;
};

// `data`, which is borrowed, as a datagram to `peer`.
inline SendToVerb SendTo(DatagramSocket& socket, absl::string_view data,
                         const Address& peer, WaitOptions options = {}) {
  return SendToVerb(socket, {.data = data, .peer = peer, .addressed = true},
                    options);
}

// To whom the socket is connected.
inline SendToVerb Send(DatagramSocket& socket, absl::string_view data,
                       WaitOptions options = {}) {
  return SendToVerb(socket, {.data = data}, options);
}

}  // namespace lev

#endif  // LEV_NET_CO_DATAGRAM_H_
