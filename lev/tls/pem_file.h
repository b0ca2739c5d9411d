// PEM files: read as a whole, and taken apart with errors that name the file.
//
//   cannot read certificate 'x.pem': No such file or directory
//   'x.pem' holds no certificate
//   private key 'k.pem' is encrypted

#ifndef LEV_TLS_PEM_FILE_H_
#define LEV_TLS_PEM_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/tls/openssl_ptr.h"

namespace lev {

// The bytes of a regular file; never blocks on one that is not. `what` names
// its role in errors.
absl::StatusOr<std::string> ReadPemFile(absl::string_view what,
                                        const std::string& path);

// All certificates, in order; at least one.
absl::StatusOr<ChainPtr> ParseCertificates(absl::string_view pem,
                                           absl::string_view path);

// The first private key.
absl::StatusOr<KeyPtr> ParsePrivateKey(absl::string_view pem,
                                       absl::string_view path);

// All certificates and revocation lists; at least one certificate.
absl::StatusOr<PemObjectsPtr> ParseTrust(absl::string_view pem,
                                         absl::string_view path);

}  // namespace lev

#endif  // LEV_TLS_PEM_FILE_H_
