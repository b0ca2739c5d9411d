#include "tests/support/certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace lev {
namespace {

EVP_PKEY* NewKey() { return EVP_EC_gen("P-256"); }

void AddExtension(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* NewCertificate(const CertificateSpec& spec, EVP_PKEY* key) {
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  uint32_t serial;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial));
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), spec.from);
  X509_gmtime_adj(X509_getm_notAfter(certificate), spec.until);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(spec.name.data()),
      static_cast<int>(spec.name.size()), -1, 0);
  return certificate;
}

template <typename Write>
std::string ToPem(Write write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  write(bio);
  char* data;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, size);
  BIO_free(bio);
  return pem;
}

std::string CertificatePem(X509* certificate) {
  return ToPem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name)
    : key_(NewKey()), certificate_(NewCertificate({.name = name}, key_)) {
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  AddExtension(certificate_, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate_, NID_key_usage, "critical,keyCertSign,cRLSign");
  X509_sign(certificate_, key_, EVP_sha256());
}

TestAuthority::~TestAuthority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

std::string TestAuthority::Pem() const { return CertificatePem(certificate_); }

PemPair TestAuthority::Issue(const CertificateSpec& spec) const {
  EVP_PKEY* const key = NewKey();
  X509* const certificate = NewCertificate(spec, key);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate_));
  if (!spec.names.empty()) {
    AddExtension(certificate, NID_subject_alt_name, spec.names);
  }
  X509_sign(certificate, key_, EVP_sha256());
  PemPair pair;
  pair.certificate = CertificatePem(certificate);
  pair.key = ToPem([&](BIO* bio) {
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pair;
}

std::string TestAuthority::Revoke(X509* certificate) const {
  X509_REVOKED* const revoked = X509_REVOKED_new();
  ASN1_TIME* const now = X509_gmtime_adj(nullptr, -60);
  ASN1_TIME* const next = X509_gmtime_adj(nullptr, 86400);
  X509_REVOKED_set_serialNumber(revoked, X509_get_serialNumber(certificate));
  X509_REVOKED_set_revocationDate(revoked, now);
  X509_CRL* const list = X509_CRL_new();
  X509_CRL_set_version(list, 1);
  X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate_));
  X509_CRL_set1_lastUpdate(list, now);
  X509_CRL_set1_nextUpdate(list, next);
  X509_CRL_add0_revoked(list, revoked);
  X509_CRL_sign(list, key_, EVP_sha256());
  std::string pem = ToPem([&](BIO* bio) { PEM_write_bio_X509_CRL(bio, list); });
  X509_CRL_free(list);
  ASN1_TIME_free(now);
  ASN1_TIME_free(next);
  return pem;
}

TestFiles::TestFiles() {
  const char* const tmp = getenv("TEST_TMPDIR");
  std::string pattern = std::string(tmp == nullptr ? "/tmp" : tmp) + "/XXXXXX";
  root_ = mkdtemp(pattern.data());
}

TestFiles::~TestFiles() { std::filesystem::remove_all(root_); }

std::string TestFiles::Write(const std::string& name, const std::string& text) {
  std::ofstream(Path(name), std::ios::binary) << text;
  return Path(name);
}

std::string TestFiles::Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace lev
