// Certificates for tests, made on the spot: an authority, and those it issues.
//
// Keys are elliptic, for they are made in no time.

#ifndef TESTS_SUPPORT_CERTIFICATES_H_
#define TESTS_SUPPORT_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lev {

struct CertificateSpec {
  std::string name = "localhost";  // Its common name.
  // "DNS:localhost,IP:127.0.0.1". Empty: the common name alone.
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  // Seconds from now.
  int64_t from = -3600;
  int64_t until = 30 * 86400;
};

struct PemPair {
  std::string certificate;
  std::string key;
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "lev test authority");
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  // Its own certificate.
  std::string Pem() const;

  PemPair Issue(const CertificateSpec& spec = {}) const;

  // A list of those it has revoked, of which `certificate` is one.
  std::string Revoke(X509* certificate) const;

 private:
  EVP_PKEY* key_;
  X509* certificate_;
};

// A directory of its own, removed in the end.
class TestFiles {
 public:
  TestFiles();
  ~TestFiles();
  TestFiles(const TestFiles&) = delete;
  TestFiles& operator=(const TestFiles&) = delete;

  // Writes a file and returns its path.
  std::string Write(const std::string& name, const std::string& text);
  std::string Path(const std::string& name) const { return root_ + "/" + name; }
  static std::string Read(const std::string& path);

 private:
  std::string root_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_CERTIFICATES_H_
