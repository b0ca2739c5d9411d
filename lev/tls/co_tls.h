// The awaitable verb of TLS: a connection becomes an encrypted one.
//
//   absl::Status status = co_await lev::StartTls(*connection, *context,
//                                                "example.org");
//
// What has arrived on the connection and was not taken is ciphertext from then
// on. Whatever ends it early closes the connection: no byte goes out in the
// clear after somebody wanted TLS. The context outlives the connection.

#ifndef LEV_TLS_CO_TLS_H_
#define LEV_TLS_CO_TLS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/loop/step.h"
#include "lev/net/address.h"
#include "lev/net/connection.h"
#include "lev/net/error.h"
#include "lev/net/stream.h"
#include "lev/net/tcp_socket.h"
#include "lev/task/co_await.h"
#include "lev/tls/tls_context.h"
#include "lev/tls/tls_info.h"
#include "lev/tls/tls_stream.h"

namespace lev {

class StartTlsVerb final : public CoVerb {
 public:
  StartTlsVerb(Connection& connection, TlsContext& context,
               absl::string_view name, WaitOptions options)
      : CoVerb(options),
        connection_(connection),
        context_(context),
        name_(name) {}
  ~StartTlsVerb() override {
    if (begun_) connection_.Close();
  }

  absl::Status Take() {
    if (!refusal_.ok()) return refusal_;
    if (failed()) {
      absl::Status error = connection_.error();
      connection_.Close();
      return error;
    }
    // Cancelled before it could begin.
    if (!status().ok() && Refusal().ok()) connection_.Close();
    return status();
  }

 private:
  // Why it cannot begin, though the connection may go on as it is.
  absl::Status Refusal() {
    if (!connection_.is_open()) return SocketClosedError();
    if (connection_.upgraded()) return InvalidError("tls is already on");
    const bool busy = connection_.upper() != nullptr ||
                      connection_.connecting() || connection_.ReadBusy(false) ||
                      connection_.SendBusy();
    return busy ? BusyError() : absl::OkStatus();
  }

  // Whom a client talks to. Without a name it is the address it has connected
  // to that must be in the certificate.
  TlsPeer Peer() const {
    TlsPeer peer;
    const absl::StatusOr<Address> address = PeerAddress(connection_.ref());
    if (context_.is_server()) return peer;
    peer.name = std::string(name_);
    if (!address.ok() || address->is_unix()) return peer;
    peer.place =
        peer.name.empty() ? address->ToString() : absl::StrCat(address->port());
    if (peer.name.empty() && context_.verifies()) peer.name = address->host();
    return peer;
  }

  Step Try(bool retry) override {
    if (!retry) {
      refusal_ = Refusal();
      if (!refusal_.ok()) return Step::Failed();
      begun_ = true;
      connection_.BeginUpgrade([this](Stream& beneath) {
        return std::make_unique<TlsStream>(context_, beneath, Peer());
      });
    } else if (!connection_.is_open()) {
      refusal_ = SocketClosedError();
      return Step::Failed();
    }
    auto& tls = *static_cast<TlsStream*>(connection_.upper());
    const Step step = connection_.ToStep(tls.TryHandshake());
    if (!step.done()) return step;
    connection_.EndUpgrade();
    begun_ = false;
    return step;
  }
  void Undo() override {
    begun_ = false;
    connection_.Close();
  }

  Connection& connection_;
  TlsContext& context_;
  const absl::string_view name_;
  absl::Status refusal_;
  bool begun_ = false;  // And not done.
};

// The handshake, as the client or the server that `context` is for. `name` is
// the server's, for a client: it is told, and must be in the certificate.
inline StartTlsVerb StartTls(Connection& connection, TlsContext& context,
                             absl::string_view name = "",
                             WaitOptions options = {}) {
  return StartTlsVerb(connection, context, name, options);
}

// What was agreed on; of a connection that StartTls was done with.
inline TlsInfo TlsInfoOf(const Connection& connection) {
  return static_cast<const TlsStream*>(connection.upper())->Info();
}

}  // namespace lev

#endif  // LEV_TLS_CO_TLS_H_
