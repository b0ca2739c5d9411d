// OpenSSL's objects, owned the C++ way.
//
// Each pointer holds one of the references that OpenSSL counts.

#ifndef LEV_TLS_OPENSSL_PTR_H_
#define LEV_TLS_OPENSSL_PTR_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace lev {

template <auto Free>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

inline void FreeChain(STACK_OF(X509) * chain) {
  sk_X509_pop_free(chain, X509_free);
}

inline void FreeNames(STACK_OF(X509_NAME) * names) {
  sk_X509_NAME_pop_free(names, X509_NAME_free);
}

inline void FreePemObjects(STACK_OF(X509_INFO) * objects) {
  sk_X509_INFO_pop_free(objects, X509_INFO_free);
}

using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using ChainPtr = std::unique_ptr<STACK_OF(X509), OpensslDeleter<FreeChain>>;
using NamesPtr =
    std::unique_ptr<STACK_OF(X509_NAME), OpensslDeleter<FreeNames>>;
using StorePtr = std::unique_ptr<X509_STORE, OpensslDeleter<X509_STORE_free>>;
using PemObjectsPtr =
    std::unique_ptr<STACK_OF(X509_INFO), OpensslDeleter<FreePemObjects>>;
using SslPtr = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;
using SessionPtr =
    std::unique_ptr<SSL_SESSION, OpensslDeleter<SSL_SESSION_free>>;

}  // namespace lev

#endif  // LEV_TLS_OPENSSL_PTR_H_
