// What this file fights: OpenSSL's functions say that they want to read or to
// write, and mean the connection rather than the caller's direction. TlsBio
// takes all that is written and never wants; so only "wants to read" is left,
// which in a handshake, a renegotiation or a change of keys concerns writers,
// too.

#include "lev/tls/tls_stream.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "lev/net/error.h"
#include "lev/tls/tls_error.h"
#include "lev/tls/tls_names.h"

namespace lev {
namespace {

// Answers that a peer can provoke without reading them are kept only up to
// here; then its words wait.
constexpr size_t kMostHeld = 64 * 1024;

constexpr char kHandshake[] = "tls handshake";

}  // namespace

TlsStream::TlsStream(TlsContext& context, Stream& beneath, const TlsPeer& peer)
    : context_(context),
      beneath_(beneath),
      bio_(beneath),
      ssl_(SSL_new(context.ctx_.get())) {
  ++context_.users_;
  broken_ = Begin(peer);
  ERR_clear_error();
}

TlsStream::~TlsStream() {
  // A session is one that OpenSSL would not resume if it saw it end without
  // goodbyes. That it was cut off says nothing against the keys.
  if (established_ && broken_.ok()) {
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
  ssl_.reset();
  ERR_clear_error();
  --context_.users_;
}

absl::Status TlsStream::Begin(const TlsPeer& peer) {
  BIO* const bio = ssl_ == nullptr ? nullptr : bio_.NewBio();
  if (bio == nullptr) return absl::ResourceExhaustedError("not enough memory");
  SSL_set_bio(ssl_.get(), bio, bio);
  if (context_.is_server()) {
    SSL_set_accept_state(ssl_.get());
    return absl::OkStatus();
  }
  SSL_set_connect_state(ssl_.get());
  const std::string name(WithoutFinalDot(peer.name));
  absl::Status expecting = ExpectPeer(name);
  if (!expecting.ok()) return expecting;
  if (!context_.config_.sessions) return absl::OkStatus();
  if (name.empty() && peer.place.empty()) return absl::OkStatus();
  session_key_ = absl::StrCat(name, "\n", peer.place);
  SSL_set_app_data(ssl_.get(), &session_key_);
  const SessionPtr session = context_.sessions_.Take(session_key_);
  if (session != nullptr) SSL_set_session(ssl_.get(), session.get());
  return absl::OkStatus();
}

// Whose certificate it must be, and whom to ask for.
absl::Status TlsStream::ExpectPeer(const std::string& name) {
  if (name.empty()) {
    if (!context_.verifies()) return absl::OkStatus();
    return TlsConfigError("to verify the peer, its server_name is needed");
  }
  const bool is_address = IsIpAddress(name);
  if (!is_address && !IsHostName(name)) {
    return TlsConfigError(absl::StrCat("invalid server_name '", name, "'"));
  }
  if (!is_address) SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
  if (!context_.verifies()) return absl::OkStatus();
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_hostflags(expected,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int ok =
      is_address
          ? X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str())
          : X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size());
  return ok == 1 ? absl::OkStatus() : TlsConfigError(TakeTlsReason());
}

IoResult TlsStream::TryHandshake() {
  if (!broken_.ok()) return Fail(broken_);
  if (established_) return FlushHandshake();
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  const int why = SSL_get_error(ssl_.get(), done);
  bio_.Flush();
  if (done == 1) {
    established_ = true;
    KeepSession();
    return FlushHandshake();
  }
  if (why == SSL_ERROR_WANT_READ) return HandshakeBlocked();
  if (why == SSL_ERROR_ZERO_RETURN) return Break(PeerClosedError());
  return Break(TakeTlsError(ssl_.get(), kHandshake));
}

// With TLS 1.2 OpenSSL does not tell when a ticket was replaced in a session
// that goes on, and makes the old one useless.
void TlsStream::KeepSession() {
  if (session_key_.empty() || SSL_session_reused(ssl_.get()) == 0 ||
      SSL_version(ssl_.get()) >= TLS1_3_VERSION) {
    return;
  }
  context_.sessions_.Put(session_key_,
                         SessionPtr(SSL_get1_session(ssl_.get())));
}

// The peer's last words are better than the error of a write it did not take.
IoResult TlsStream::HandshakeBlocked() {
  if (!bio_.read_end().ok()) return Break(bio_.read_end());
  if (!bio_.write_error().ok()) return Break(bio_.write_error());
  return bio_.held() > 0 ? IoResult::WantWrite() : IoResult::WantRead();
}

// A client may have said all it wanted, and gone, before a server's last word
// could be sent: its data counts. The error comes with the next write.
IoResult TlsStream::FlushHandshake() {
  const IoResult flushed = bio_.Flush();
  if (!flushed.failed()) return flushed;
  return context_.is_server() ? IoResult::Done(0) : Break(bio_.write_error());
}

IoResult TlsStream::TryRead(absl::Span<char> out) {
  if (!broken_.ok()) return Fail(broken_);
  bio_.Flush();
  if (bio_.held() > kMostHeld) return IoResult::WantRead();
  ERR_clear_error();
  size_t count = 0;
  const int done = SSL_read_ex(ssl_.get(), out.data(), out.size(), &count);
  const int why = SSL_get_error(ssl_.get(), done);
  bio_.Flush();
  if (done == 1) return IoResult::Done(count);
  if (why == SSL_ERROR_ZERO_RETURN) return IoResult::Done(0);
  if (why != SSL_ERROR_WANT_READ) {
    return Break(TakeTlsError(ssl_.get(), "tls"));
  }
  if (!bio_.read_end().ok()) return Fail(bio_.read_end());
  return IoResult::WantRead();
}

IoResult TlsStream::TryWrite(absl::Span<const char> data) {
  if (!broken_.ok()) return Fail(broken_);
  const IoResult flushed = bio_.Flush();
  if (flushed.failed()) return Fail(bio_.write_error());
  if (!flushed.done() || data.empty()) return flushed;
  if (said_goodbye_) return Fail(PeerClosedError());
  ERR_clear_error();
  size_t count = 0;
  const int done = SSL_write_ex(ssl_.get(), data.data(), data.size(), &count);
  const int why = SSL_get_error(ssl_.get(), done);
  bio_.Flush();
  if (!bio_.write_error().ok()) return Fail(bio_.write_error());
  if (done == 1) return IoResult::Done(count);
  if (why != SSL_ERROR_WANT_READ) {
    return Break(TakeTlsError(ssl_.get(), "tls"));
  }
  // In the middle of a renegotiation: the peer's part is missing.
  if (!bio_.read_end().ok()) return Fail(bio_.read_end());
  return IoResult::WantWrite();
}

IoResult TlsStream::TryShutdownWrite() {
  if (established_ && broken_.ok() && !said_goodbye_) {
    said_goodbye_ = true;
    if (SSL_in_init(ssl_.get()) == 0) SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  const IoResult flushed = bio_.Flush();
  return flushed.failed() ? Fail(bio_.write_error()) : flushed;
}

bool TlsStream::UpdateKeys() {
  ERR_clear_error();
  const bool updated =
      SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1;
  ERR_clear_error();
  return updated;
}

IoResult TlsStream::Fail(absl::Status error) {
  error_ = std::move(error);
  return IoResult::Failed();
}

// Nothing more will come of it. A session that it may have been due to is not
// offered again.
IoResult TlsStream::Break(absl::Status error) {
  ERR_clear_error();
  if (!session_key_.empty()) context_.sessions_.Forget(session_key_);
  broken_ = error;
  return Fail(std::move(error));
}

}  // namespace lev
