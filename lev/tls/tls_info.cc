#include "lev/tls/tls_info.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/tls/openssl_ptr.h"

namespace lev {
namespace {

std::string TextOf(BIO* bio) {
  char* data;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, size);
}

std::string NameText(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  return TextOf(bio.get());
}

std::string SerialText(const X509* certificate) {
  BIGNUM* const number =
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* const hex = BN_bn2hex(number);
  std::string text(hex == nullptr ? "" : hex);
  OPENSSL_free(hex);
  BN_free(number);
  return text;
}

int64_t UnixTime(const ASN1_TIME* time) {
  tm parts;
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

std::string Fingerprint(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), digest, &size);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<char*>(digest), size));
}

std::string Text(const ASN1_STRING* value) {
  return std::string(
      reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
      ASN1_STRING_length(value));
}

// Four bytes or sixteen, as people write them.
std::string AddressText(absl::string_view bytes) {
  std::string text;
  const bool is_v4 = bytes.size() == 4;
  for (size_t i = 0; i < bytes.size(); i += is_v4 ? 1 : 2) {
    const auto high = static_cast<unsigned char>(bytes[i]);
    if (is_v4) {
      absl::StrAppend(&text, i == 0 ? "" : ".", static_cast<int>(high));
    } else {
      const auto low = static_cast<unsigned char>(bytes[i + 1]);
      absl::StrAppend(&text, i == 0 ? "" : ":", absl::Hex(high << 8 | low));
    }
  }
  return text;
}

std::vector<std::string> NamesOf(const X509* certificate) {
  std::vector<std::string> names;
  auto* const all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all, i);
    if (name->type == GEN_DNS) names.push_back(Text(name->d.dNSName));
    if (name->type != GEN_IPADD) continue;
    const std::string bytes = Text(name->d.iPAddress);
    if (bytes.size() == 4 || bytes.size() == 16) {
      names.push_back(AddressText(bytes));
    }
  }
  GENERAL_NAMES_free(all);
  return names;
}

std::string PemOf(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return TextOf(bio.get());
}

std::string OrEmpty(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

TlsCertificate DescribeCertificate(X509* certificate) {
  TlsCertificate description;
  description.subject = NameText(X509_get_subject_name(certificate));
  description.issuer = NameText(X509_get_issuer_name(certificate));
  description.serial = SerialText(certificate);
  description.not_before = UnixTime(X509_get0_notBefore(certificate));
  description.not_after = UnixTime(X509_get0_notAfter(certificate));
  description.fingerprint_sha256 = Fingerprint(certificate);
  description.names = NamesOf(certificate);
  description.pem = PemOf(certificate);
  ERR_clear_error();
  return description;
}

TlsInfo DescribeTls(const SSL* ssl) {
  TlsInfo info;
  info.version = SSL_get_version(ssl);
  info.cipher = OrEmpty(SSL_get_cipher_name(ssl));
  const unsigned char* alpn = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &size);
  info.alpn = std::string(reinterpret_cast<const char*>(alpn), size);
  info.server_name =
      OrEmpty(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
  info.resumed = SSL_session_reused(ssl) == 1;
  X509* const peer = SSL_get0_peer_certificate(ssl);
  if (peer == nullptr) return info;
  info.verified = (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0 &&
                  SSL_get_verify_result(ssl) == X509_V_OK;
  info.peer = DescribeCertificate(peer);
  return info;
}

}  // namespace lev
