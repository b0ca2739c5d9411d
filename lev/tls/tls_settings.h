// What a configuration says that is neither files nor callbacks: protocol
// versions, ciphers, and OpenSSL's many switches.

#ifndef LEV_TLS_TLS_SETTINGS_H_
#define LEV_TLS_TLS_SETTINGS_H_

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/tls/tls_config.h"

namespace lev {

absl::Status ApplySettings(const TlsConfig& config, SSL_CTX* ctx);

// Names of protocols as they go over the wire: each behind its length.
absl::StatusOr<std::string> EncodeAlpn(
    const std::vector<std::string>& protocols);

}  // namespace lev

#endif  // LEV_TLS_TLS_SETTINGS_H_
