#include "lev/tls/tls_identity.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "lev/tls/pem_file.h"
#include "lev/tls/tls_error.h"

namespace lev {

absl::StatusOr<TlsIdentity> TlsIdentity::Load(std::string certificate_path,
                                              std::string key_path) {
  TlsIdentity identity(std::move(certificate_path), std::move(key_path));
  absl::Status status = identity.Reload();
  if (!status.ok()) return status;
  return identity;
}

absl::Status TlsIdentity::Reload() {
  const auto certificates_pem = ReadPemFile("certificate", certificate_path_);
  if (!certificates_pem.ok()) return certificates_pem.status();
  auto chain = ParseCertificates(*certificates_pem, certificate_path_);
  if (!chain.ok()) return chain.status();
  auto key_pem = ReadPemFile("private key", key_path_);
  if (!key_pem.ok()) return key_pem.status();
  auto key = ParsePrivateKey(*key_pem, key_path_);
  OPENSSL_cleanse(&(*key_pem)[0], key_pem->size());
  if (!key.ok()) return key.status();
  CertificatePtr certificate(sk_X509_shift(chain->get()));
  if (X509_check_private_key(certificate.get(), key->get()) != 1) {
    ERR_clear_error();
    return TlsConfigError(absl::StrCat("private key '", key_path_,
                                       "' does not match certificate '",
                                       certificate_path_, "'"));
  }
  certificate_ = std::move(certificate);
  chain_ = *std::move(chain);
  key_ = *std::move(key);
  ++generation_;
  return absl::OkStatus();
}

bool TlsIdentity::IsFor(const std::string& host) const {
  return X509_check_host(certificate(), host.data(), host.size(), 0, nullptr) ==
             1 ||
         X509_check_ip_asc(certificate(), host.c_str(), 0) == 1;
}

}  // namespace lev
