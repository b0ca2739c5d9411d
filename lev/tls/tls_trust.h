// Whom one believes: the certificates against which those of peers are
// verified, read once and shared by the contexts of one configuration.

#ifndef LEV_TLS_TLS_TRUST_H_
#define LEV_TLS_TLS_TRUST_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/tls/openssl_ptr.h"
#include "lev/tls/tls_config.h"

namespace lev {

class TlsTrust {
 public:
  static absl::StatusOr<TlsTrust> Load(const TlsConfig& config);

  void ApplyTo(SSL_CTX* ctx) const;

  // Differs whenever what is trusted does: a session of a peer who passed one
  // check is none for another.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  explicit TlsTrust(const TlsConfig& config)
      : role_(config.role), verify_(config.verify) {}

  absl::Status Add(const std::string& ca_file);

  TlsRole role_;
  bool verify_;
  StorePtr store_;  // If it verifies.
  NamesPtr names_;  // Which a server tells its clients.
  std::string fingerprint_;
};

}  // namespace lev

#endif  // LEV_TLS_TLS_TRUST_H_
