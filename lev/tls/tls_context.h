// What the connections of one configuration share: OpenSSL's SSL_CTX, one for
// each identity, with its certificates parsed once, and the sessions that may
// be resumed.
//
// Made once, used for many connections, never changed: to renew a certificate,
// make another, while the handshakes of the old one go on. It outlives its
// streams; users() says how many there are. Neither copied nor moved, for
// OpenSSL's callbacks know its address.

#ifndef LEV_TLS_TLS_CONTEXT_H_
#define LEV_TLS_TLS_CONTEXT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/tls/openssl_ptr.h"
#include "lev/tls/session_cache.h"
#include "lev/tls/ticket_keys.h"
#include "lev/tls/tls_config.h"
#include "lev/tls/tls_names.h"
#include "lev/tls/tls_trust.h"

namespace lev {

class TlsContext {
 public:
  // Reads the files that `config` names; its errors say which was wrong.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Create(
      const TlsConfig& config);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  bool is_server() const { return config_.role == TlsRole::kServer; }
  bool verifies() const { return config_.verify; }
  // Streams that exist.
  int users() const { return users_; }

 private:
  friend class TlsStream;

  explicit TlsContext(const TlsConfig& config) : config_(config) {}

  absl::Status Setup();
  absl::StatusOr<SslCtxPtr> NewCtx(const TlsTrust& trust,
                                   const TlsIdentity* identity);
  absl::Status AddHosts(const TlsTrust& trust);
  absl::Status CheckKeyLog() const;
  void SetupClientSessions(SSL_CTX* ctx);
  void SetupServerSessions(SSL_CTX* ctx, const TlsTrust& trust);

  // OpenSSL's callbacks.
  static TlsContext& Of(const SSL* ssl);
  static int OnServerName(SSL* ssl, int* alert, void*);
  static int OnAlpn(SSL* ssl, const unsigned char** out, unsigned char* size,
                    const unsigned char* in, unsigned int in_size, void*);
  static void OnKeyLog(const SSL* ssl, const char* line);
  static int OnNewSession(SSL* ssl, SSL_SESSION* session);
  static int OnTicket(SSL* ssl, unsigned char* name, unsigned char* iv,
                      EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal);
  static SSL_TICKET_RETURN OnOpenedTicket(SSL*, SSL_SESSION* session,
                                          const unsigned char*, size_t,
                                          SSL_TICKET_STATUS status, void*);

  TlsConfig config_;
  std::string alpn_;  // As it goes over the wire.
  std::unique_ptr<TicketKeys> own_ticket_keys_;
  SessionCache sessions_;
  TlsNames names_;                // Lead to...
  std::vector<SslCtxPtr> hosts_;  // ...those.
  SslCtxPtr ctx_;
  int users_ = 0;
};

}  // namespace lev

#endif  // LEV_TLS_TLS_CONTEXT_H_
