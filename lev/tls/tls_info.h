// What a TLS connection turned out to be like, for its users to look at.

#ifndef LEV_TLS_TLS_INFO_H_
#define LEV_TLS_TLS_INFO_H_

#include <openssl/ssl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lev {

struct TlsCertificate {
  std::string subject;  // As RFC 2253 writes it: "CN=example.org,O=Example".
  std::string issuer;
  std::string serial;      // Hexadecimal, in capitals.
  int64_t not_before = 0;  // Seconds since 1970.
  int64_t not_after = 0;
  std::string fingerprint_sha256;  // Hexadecimal, in small letters.
  std::vector<std::string> names;  // Host names and addresses it is for.
  std::string pem;
};

struct TlsInfo {
  std::string version;      // "TLSv1.3"
  std::string cipher;       // "TLS_AES_256_GCM_SHA384"
  std::string alpn;         // Empty if none was agreed on.
  std::string server_name;  // Which the client asked for; may be empty.
  bool resumed = false;     // An earlier session goes on.
  bool verified = false;    // The peer showed a certificate that was verified.
  std::optional<TlsCertificate> peer;
};

TlsCertificate DescribeCertificate(X509* certificate);
TlsInfo DescribeTls(const SSL* ssl);

}  // namespace lev

#endif  // LEV_TLS_TLS_INFO_H_
