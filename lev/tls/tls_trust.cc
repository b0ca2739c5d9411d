#include "lev/tls/tls_trust.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509_vfy.h>

#include <utility>

#include "lev/tls/pem_file.h"
#include "lev/tls/tls_error.h"

namespace lev {

absl::StatusOr<TlsTrust> TlsTrust::Load(const TlsConfig& config) {
  TlsTrust trust(config);
  if (!config.verify) return trust;
  trust.store_.reset(X509_STORE_new());
  trust.names_.reset(sk_X509_NAME_new_null());
  // What stands in the file is trusted, be it at the end of a chain or not.
  X509_STORE_set_flags(trust.store_.get(), X509_V_FLAG_PARTIAL_CHAIN);
  if (!config.ca_file.empty()) {
    absl::Status status = trust.Add(config.ca_file);
    if (!status.ok()) return status;
  } else if (config.role == TlsRole::kServer) {
    return TlsConfigError("to verify clients, a server needs a cafile");
  } else {
    X509_STORE_set_default_paths(trust.store_.get());
    ERR_clear_error();
  }
  return trust;
}

absl::Status TlsTrust::Add(const std::string& ca_file) {
  const auto pem = ReadPemFile("cafile", ca_file);
  if (!pem.ok()) return pem.status();
  const auto objects = ParseTrust(*pem, ca_file);
  if (!objects.ok()) return objects.status();
  for (int i = 0; i < sk_X509_INFO_num(objects->get()); ++i) {
    const X509_INFO* const object = sk_X509_INFO_value(objects->get(), i);
    if (object->x509 != nullptr) {
      X509_STORE_add_cert(store_.get(), object->x509);
      sk_X509_NAME_push(names_.get(),
                        X509_NAME_dup(X509_get_subject_name(object->x509)));
    }
    if (object->crl != nullptr) {
      X509_STORE_add_crl(store_.get(), object->crl);
      X509_STORE_set_flags(store_.get(), X509_V_FLAG_CRL_CHECK);
    }
  }
  ERR_clear_error();
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(pem->data()), pem->size(),
         digest);
  fingerprint_.assign(reinterpret_cast<char*>(digest), sizeof(digest));
  return absl::OkStatus();
}

void TlsTrust::ApplyTo(SSL_CTX* ctx) const {
  int mode = verify_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
  if (verify_ && role_ == TlsRole::kServer) {
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_client_CA_list(ctx, SSL_dup_CA_list(names_.get()));
  }
  SSL_CTX_set_verify(ctx, mode, nullptr);
  if (store_ != nullptr) SSL_CTX_set1_cert_store(ctx, store_.get());
}

}  // namespace lev
