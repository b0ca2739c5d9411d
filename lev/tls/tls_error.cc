#include "lev/tls/tls_error.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace lev {
namespace {

// For the middle of a sentence; "IP address mismatch" stays as it is.
std::string Uncapitalized(absl::string_view text) {
  std::string result(text);
  if (result.size() > 1 && absl::ascii_isupper(result[0]) &&
      !absl::ascii_isupper(result[1])) {
    result[0] = absl::ascii_tolower(result[0]);
  }
  return result;
}

std::string ReasonOf(unsigned long code) {
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown failure" : Uncapitalized(reason);
}

// Empties the queue. The protocol's own complaint comes before those of what
// it is made of, and the oldest is the cause.
unsigned long TakeCode() {
  unsigned long first = 0;
  unsigned long of_ssl = 0;
  while (const unsigned long code = ERR_get_error()) {
    if (first == 0) first = code;
    if (of_ssl == 0 && ERR_GET_LIB(code) == ERR_LIB_SSL) of_ssl = code;
  }
  return of_ssl != 0 ? of_ssl : first;
}

// OpenSSL 3.0 has no description of the newest alerts, but a reason.
std::string AlertText(unsigned long code) {
  const int alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;
  const std::string text = SSL_alert_desc_string_long(alert);
  if (text != "unknown") return absl::AsciiStrToLower(text);
  const std::string reason = ReasonOf(code);
  return std::string(absl::StripPrefix(reason, "tlsv13 alert "));
}

}  // namespace

absl::Status TlsConfigError(absl::string_view message) {
  return absl::InvalidArgumentError(message);
}

absl::Status TakeTlsError(const SSL* ssl, absl::string_view stage) {
  const unsigned long code = TakeCode();
  const int reason = ERR_GET_REASON(code);
  const bool of_ssl = ERR_GET_LIB(code) == ERR_LIB_SSL;
  if (of_ssl && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const char* const why =
        X509_verify_cert_error_string(SSL_get_verify_result(ssl));
    return absl::UnauthenticatedError(
        absl::StrCat("certificate verify failed: ", Uncapitalized(why)));
  }
  if (of_ssl && reason >= SSL_AD_REASON_OFFSET) {
    return absl::AbortedError(absl::StrCat("tls alert: ", AlertText(code)));
  }
  return absl::AbortedError(absl::StrCat(stage, ": ", ReasonOf(code)));
}

std::string TakeTlsReason() { return ReasonOf(TakeCode()); }

}  // namespace lev
