#include "lev/tls/tls_context.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/tls/tls_error.h"
#include "lev/tls/tls_settings.h"

namespace lev {
namespace {

int OpenKeyLog(const std::string& path) {
  return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

absl::string_view View(const unsigned char* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The length of the protocol's name that `wire` begins with, and itself.
size_t NamedSize(absl::string_view wire) {
  return 1 + static_cast<unsigned char>(wire[0]);
}

bool Offers(absl::string_view offered, absl::string_view protocol) {
  while (!offered.empty()) {
    const size_t size = NamedSize(offered);
    if (offered.substr(0, size) == protocol) return true;
    offered.remove_prefix(std::min(size, offered.size()));
  }
  return false;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Create(
    const TlsConfig& config) {
  std::unique_ptr<TlsContext> context(new TlsContext(config));
  absl::Status status = context->Setup();
  // Borrowed only until here.
  context->config_.identity = nullptr;
  context->config_.hosts.clear();
  if (!status.ok()) return status;
  return context;
}

absl::Status TlsContext::Setup() {
  if (is_server() && config_.identity == nullptr && config_.hosts.empty()) {
    return TlsConfigError("a server needs a certificate and its key");
  }
  if (is_server() && config_.ticket_keys == nullptr) {
    own_ticket_keys_ = std::make_unique<TicketKeys>();
    config_.ticket_keys = own_ticket_keys_.get();
  }
  absl::StatusOr<std::string> alpn = EncodeAlpn(config_.alpn);
  if (!alpn.ok()) return alpn.status();
  alpn_ = *std::move(alpn);
  absl::Status key_log = CheckKeyLog();
  if (!key_log.ok()) return key_log;
  const absl::StatusOr<TlsTrust> trust = TlsTrust::Load(config_);
  if (!trust.ok()) return trust.status();
  absl::StatusOr<SslCtxPtr> ctx = NewCtx(*trust, config_.identity);
  if (!ctx.ok()) return ctx.status();
  ctx_ = *std::move(ctx);
  return AddHosts(*trust);
}

absl::StatusOr<SslCtxPtr> TlsContext::NewCtx(const TlsTrust& trust,
                                             const TlsIdentity* identity) {
  ERR_clear_error();
  SslCtxPtr ctx(
      SSL_CTX_new(is_server() ? TLS_server_method() : TLS_client_method()));
  if (ctx == nullptr) return TlsConfigError(TakeTlsReason());
  SSL_CTX_set_app_data(ctx.get(), this);
  absl::Status settings = ApplySettings(config_, ctx.get());
  if (!settings.ok()) return settings;
  trust.ApplyTo(ctx.get());
  if (!config_.key_log.empty()) {
    SSL_CTX_set_keylog_callback(ctx.get(), OnKeyLog);
  }
  if (is_server()) {
    SSL_CTX_set_tlsext_servername_callback(ctx.get(), OnServerName);
    if (!alpn_.empty()) {
      SSL_CTX_set_alpn_select_cb(ctx.get(), OnAlpn, nullptr);
    }
    SetupServerSessions(ctx.get(), trust);
  } else {
    SSL_CTX_set_alpn_protos(
        ctx.get(), reinterpret_cast<const unsigned char*>(alpn_.data()),
        alpn_.size());
    SetupClientSessions(ctx.get());
  }
  if (identity != nullptr &&
      SSL_CTX_use_cert_and_key(ctx.get(), identity->certificate(),
                               identity->key(), identity->chain(), 1) != 1) {
    return TlsConfigError(
        absl::StrCat("certificate refused: ", TakeTlsReason()));
  }
  return ctx;
}

absl::Status TlsContext::AddHosts(const TlsTrust& trust) {
  for (const TlsHost& host : config_.hosts) {
    if (!names_.Add(host.name, hosts_.size())) {
      return TlsConfigError(absl::StrCat(
          "hosts: '", host.name, "' is not a host name, or comes twice"));
    }
    absl::StatusOr<SslCtxPtr> ctx = NewCtx(trust, host.identity);
    if (!ctx.ok()) {
      return TlsConfigError(
          absl::StrCat("hosts: '", host.name, "': ", ctx.status().message()));
    }
    hosts_.push_back(*std::move(ctx));
  }
  return absl::OkStatus();
}

absl::Status TlsContext::CheckKeyLog() const {
  if (config_.key_log.empty()) return absl::OkStatus();
  const int fd = OpenKeyLog(config_.key_log);
  if (fd >= 0) {
    close(fd);
    return absl::OkStatus();
  }
  char buffer[128];
  return TlsConfigError(
      absl::StrCat("cannot open key log '", config_.key_log,
                   "': ", strerror_r(errno, buffer, sizeof(buffer))));
}

// OpenSSL's own caches are not used: a client's would not know which session
// is whose, and a server keeps none.
void TlsContext::SetupClientSessions(SSL_CTX* ctx) {
  if (!config_.sessions) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return;
  }
  SSL_CTX_set_session_cache_mode(
      ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, OnNewSession);
}

void TlsContext::SetupServerSessions(SSL_CTX* ctx, const TlsTrust& trust) {
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  if (!config_.sessions) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
    return;
  }
  // One is enough for who comes back once; and what a server sends after the
  // handshake is lost on a client who only writes and closes, or worse.
  SSL_CTX_set_num_tickets(ctx, 1);
  SSL_CTX_set_timeout(ctx, TicketKeys::kRotateAfter);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, OnTicket);
  SSL_CTX_set_session_ticket_cb(ctx, nullptr, OnOpenedTicket, nullptr);
  // Tickets of servers that are others, or trust others, but share the keys,
  // do not count.
  const std::string context =
      absl::StrCat("lev", trust.fingerprint().size(), ":", trust.fingerprint(),
                   config_.ticket_scope);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(context.data()), context.size(),
         digest);
  SSL_CTX_set_session_id_context(ctx, digest, sizeof(digest));
}

TlsContext& TlsContext::Of(const SSL* ssl) {
  return *static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

int TlsContext::OnServerName(SSL* ssl, int* alert, void*) {
  TlsContext& self = Of(ssl);
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const size_t index =
      name == nullptr ? TlsNames::kNone : self.names_.Find(name);
  if (index != TlsNames::kNone) {
    SSL_set_SSL_CTX(ssl, self.hosts_[index].get());
    return SSL_TLSEXT_ERR_OK;
  }
  if (SSL_CTX_get0_certificate(self.ctx_.get()) != nullptr) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int TlsContext::OnAlpn(SSL* ssl, const unsigned char** out, unsigned char* size,
                       const unsigned char* in, unsigned int in_size, void*) {
  absl::string_view ours = Of(ssl).alpn_;
  while (!ours.empty()) {
    const size_t named = NamedSize(ours);
    if (Offers(View(in, in_size), ours.substr(0, named))) {
      *out = reinterpret_cast<const unsigned char*>(ours.data()) + 1;
      *size = static_cast<unsigned char>(named - 1);
      return SSL_TLSEXT_ERR_OK;
    }
    ours.remove_prefix(named);
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Opened for each line, so that a file may be moved away meanwhile and nothing
// is held open; it is a tool for debugging, and a lost line no failure.
void TlsContext::OnKeyLog(const SSL* ssl, const char* line) {
  const int fd = OpenKeyLog(Of(ssl).config_.key_log);
  if (fd < 0) return;
  const std::string text = absl::StrCat(line, "\n");
  [[maybe_unused]] const ssize_t written = write(fd, text.data(), text.size());
  close(fd);
}

int TlsContext::OnNewSession(SSL* ssl, SSL_SESSION* session) {
  const auto* const key = static_cast<std::string*>(SSL_get_app_data(ssl));
  if (key == nullptr || SSL_SESSION_is_resumable(session) != 1) return 0;
  Of(ssl).sessions_.Put(*key, SessionPtr(session));
  return 1;  // The reference is ours now.
}

int TlsContext::OnTicket(SSL* ssl, unsigned char* name, unsigned char* iv,
                         EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal) {
  constexpr int kReplace = 2;
  const int result =
      Of(ssl).config_.ticket_keys->Prepare(name, iv, cipher, mac, seal == 1);
  // A client uses a ticket of TLS 1.3 once, and wants another for it.
  const bool spent = seal == 0 && SSL_version(ssl) >= TLS1_3_VERSION;
  return result == 1 && spent ? kReplace : result;
}

// What OpenSSL would do of itself, but for clients whose certificate has
// expired: they have to show another.
SSL_TICKET_RETURN TlsContext::OnOpenedTicket(SSL*, SSL_SESSION* session,
                                             const unsigned char*, size_t,
                                             SSL_TICKET_STATUS status, void*) {
  const bool opened =
      status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
  if (!opened || HasExpired(session)) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE
                                      : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace lev
