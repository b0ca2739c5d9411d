// Certificates for specs, each NAME.pem with its NAME.key, and ca.pem.
//
// usage: make_certificates DIRECTORY

#include <cstdio>
#include <fstream>
#include <string>

#include "tests/support/certificates.h"

namespace {

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

void WritePair(const std::string& base, const lev::PemPair& pair) {
  Write(base + ".pem", pair.certificate);
  Write(base + ".key", pair.key);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_certificates DIRECTORY\n", stderr);
    return 2;
  }
  const std::string root = std::string(argv[1]) + "/";
  const lev::TestAuthority authority;
  const lev::TestAuthority stranger("stranger");
  const auto issue = [&](const std::string& name,
                         const lev::CertificateSpec& spec) {
    WritePair(root + name, authority.Issue(spec));
  };
  Write(root + "ca.pem", authority.Pem());
  Write(root + "stranger_ca.pem", stranger.Pem());
  issue("server", {});
  issue("renewed", {.name = "renewed"});
  issue("client", {.name = "client", .names = ""});
  issue("expired", {.name = "expired", .from = -7200, .until = -3600});
  issue("future", {.name = "future", .from = 3600, .until = 7200});
  issue("example", {.name = "example.org", .names = "DNS:example.org"});
  issue("wild", {.name = "wild", .names = "DNS:*.example.org"});
  WritePair(root + "stranger", stranger.Issue());
  return 0;
}
