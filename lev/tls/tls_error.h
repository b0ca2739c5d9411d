// The one place where TLS errors are made: short texts that say what failed,
// from OpenSSL's queue of errors.
//
//   certificate verify failed: certificate has expired
//   tls alert: unknown ca              (what the peer said before it hung up)
//   tls handshake: wrong version number
//
// The queue belongs to the thread, not to a connection: whoever calls OpenSSL
// clears it first and leaves nothing in it.

#ifndef LEV_TLS_TLS_ERROR_H_
#define LEV_TLS_TLS_ERROR_H_

#include <openssl/ssl.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lev {

// What is wrong with a configuration or its files, in words.
absl::Status TlsConfigError(absl::string_view message);

// Why the protocol failed, taken from the queue. `stage` is said first when
// nothing better is known: "tls handshake".
absl::Status TakeTlsError(const SSL* ssl, absl::string_view stage);

// The same as a bare reason: "no cipher match".
std::string TakeTlsReason();

}  // namespace lev

#endif  // LEV_TLS_TLS_ERROR_H_
