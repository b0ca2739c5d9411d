// Who one is, in TLS: a chain of certificates and the private key of its
// first.
//
// Whoever has taken its parts (a context, a handshake that is under way) keeps
// them: Reload replaces what the next ones take, and on a failure nothing.

#ifndef LEV_TLS_TLS_IDENTITY_H_
#define LEV_TLS_TLS_IDENTITY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/tls/openssl_ptr.h"

namespace lev {

class TlsIdentity {
 public:
  // From two PEM files, which may be one and the same.
  static absl::StatusOr<TlsIdentity> Load(std::string certificate_path,
                                          std::string key_path);

  // Reads the same files again.
  absl::Status Reload();

  // Whether the certificate speaks for `host`, a name or an address.
  bool IsFor(const std::string& host) const;

  // Grows with each successful reload.
  int generation() const { return generation_; }

  // Borrowed; OpenSSL takes its own references.
  X509* certificate() const { return certificate_.get(); }
  STACK_OF(X509) * chain() const { return chain_.get(); }
  EVP_PKEY* key() const { return key_.get(); }

 private:
  TlsIdentity(std::string certificate_path, std::string key_path)
      : certificate_path_(std::move(certificate_path)),
        key_path_(std::move(key_path)) {}

  std::string certificate_path_;
  std::string key_path_;
  CertificatePtr certificate_;
  ChainPtr chain_;  // Those above it.
  KeyPtr key_;
  int generation_ = -1;
};

}  // namespace lev

#endif  // LEV_TLS_TLS_IDENTITY_H_
