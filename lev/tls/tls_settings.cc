#include "lev/tls/tls_settings.h"

#include <openssl/err.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "lev/tls/tls_error.h"

namespace lev {
namespace {

constexpr size_t kMostInProtocol = 255;
constexpr size_t kMostInAlpn = 65535;

int NumberOf(TlsVersion version) {
  return version == TlsVersion::k13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

absl::Status ApplyCiphers(const std::string& ciphers, SSL_CTX* ctx) {
  std::vector<absl::string_view> tls12;
  std::vector<absl::string_view> tls13;
  for (const absl::string_view name :
       absl::StrSplit(ciphers, absl::ByAnyChar(":, "), absl::SkipEmpty())) {
    (absl::StartsWith(name, "TLS_") ? tls13 : tls12).push_back(name);
  }
  const std::string list = absl::StrJoin(tls12, ":");
  const std::string suites = absl::StrJoin(tls13, ":");
  if ((!list.empty() && SSL_CTX_set_cipher_list(ctx, list.c_str()) != 1) ||
      (!suites.empty() && SSL_CTX_set_ciphersuites(ctx, suites.c_str()) != 1)) {
    return TlsConfigError(
        absl::StrCat("ciphers '", ciphers, "': ", TakeTlsReason()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplySettings(const TlsConfig& config, SSL_CTX* ctx) {
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(ctx, NumberOf(config.min_version));
  SSL_CTX_set_max_proto_version(ctx, NumberOf(config.max_version));
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION);
  if (config.role == TlsRole::kServer) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_dh_auto(ctx, 1);
  }
  // A write is one record. Its retry may come with another buffer, and an idle
  // connection holds none. What has arrived is read as a whole instead of a
  // header and a body: one system call a record for three, and half the time
  // for short messages.
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(ctx, 1);
  return ApplyCiphers(config.ciphers, ctx);
}

absl::StatusOr<std::string> EncodeAlpn(
    const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& name : protocols) {
    if (name.empty() || name.size() > kMostInProtocol) {
      return TlsConfigError("alpn: a protocol's name has 1 to 255 bytes");
    }
    wire += static_cast<char>(name.size());
    wire += name;
  }
  if (wire.size() > kMostInAlpn) {
    return TlsConfigError("alpn: too many protocols");
  }
  return wire;
}

}  // namespace lev
