// TLS over another stream, by OpenSSL.
//
// After TryHandshake is done it is a stream like others. What is special:
//
// - Either direction may need the other: a read may have to write first (a
//   new key, an answer to the peer), and the reverse. TryRead always asks to
//   wait for reading, TryWrite for writing, and whoever waits must be woken by
//   an edge of either direction (FdWatch::Entangle).
// - The peer's goodbye is the end of the file. If the stream beneath ends
//   without it, whatever was decrypted is delivered, and then reading fails
//   with TruncatedError.
// - What the stream beneath does not take is kept here, at most about one
//   record; an empty TryWrite says when it has gone.
//
// Borrows its context and the stream beneath.

#ifndef LEV_TLS_TLS_STREAM_H_
#define LEV_TLS_TLS_STREAM_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/net/io_result.h"
#include "lev/net/stream.h"
#include "lev/tls/openssl_ptr.h"
#include "lev/tls/tls_bio.h"
#include "lev/tls/tls_context.h"
#include "lev/tls/tls_info.h"

namespace lev {

// Whom a client talks to.
struct TlsPeer {
  // A host name or an address: what the certificate must be for. A name is
  // also told to the server, which may have several.
  std::string name = {};
  // Where else the peer is (a port, say): sessions are resumed only if both
  // are the same.
  std::string place = {};
};

class TlsStream final : public Stream {
 public:
  // A mistake in `peer` is reported by TryHandshake. Servers have none.
  TlsStream(TlsContext& context, Stream& beneath, const TlsPeer& peer = {});
  ~TlsStream() override;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Done when both sides have agreed, and this side's last word has gone.
  IoResult TryHandshake();

  IoResult TryRead(absl::Span<char> out) override;
  IoResult TryWrite(absl::Span<const char> data) override;
  // Says goodbye, as far as there is room, and leaves the stream beneath open.
  IoResult TryShutdownWrite() override;
  int fd() const override { return beneath_.fd(); }
  const absl::Status& error() const override { return error_; }

  // What was agreed on. After the handshake.
  TlsInfo Info() const { return DescribeTls(ssl_.get()); }

  // New keys for both directions, with the next write. False if TLS 1.2 was
  // agreed on, which has no such thing.
  bool UpdateKeys();

 private:
  absl::Status Begin(const TlsPeer& peer);
  absl::Status ExpectPeer(const std::string& name);
  void KeepSession();
  IoResult HandshakeBlocked();
  IoResult FlushHandshake();
  IoResult Fail(absl::Status error);
  IoResult Break(absl::Status error);

  TlsContext& context_;
  Stream& beneath_;
  TlsBio bio_;
  std::string session_key_;
  absl::Status error_;
  absl::Status broken_;  // Why it is of no more use, or OK.
  bool established_ = false;
  bool said_goodbye_ = false;
  SslPtr ssl_;
};

}  // namespace lev

#endif  // LEV_TLS_TLS_STREAM_H_
