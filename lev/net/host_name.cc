#include "lev/net/host_name.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lev/net/error.h"

namespace lev {
namespace {

constexpr size_t kMaxLabelSize = 63;

// What stands in names that are in use: underscores do, although RFC 1123
// does not have them.
bool IsNameChar(char c) {
  return absl::ascii_isalnum(c) || c == '-' || c == '_';
}

bool IsLabel(absl::string_view label) {
  if (label.empty() || label.size() > kMaxLabelSize) return false;
  for (const char c : label) {
    if (!IsNameChar(c)) return false;
  }
  return true;
}

bool IsDigits(absl::string_view label) {
  return label.find_first_not_of("0123456789") == absl::string_view::npos;
}

// Labels with dots between them, the last of which is not a number.
bool IsName(absl::string_view host) {
  absl::string_view label;
  do {
    const size_t dot = host.find('.');
    label = host.substr(0, dot);
    if (!IsLabel(label)) return false;
    host = dot == absl::string_view::npos ? "" : host.substr(dot + 1);
    if (dot != absl::string_view::npos && host.empty()) return false;
  } while (!host.empty());
  return !IsDigits(label);
}

}  // namespace

absl::StatusOr<Address> ParseHostAddress(absl::string_view host,
                                         uint16_t port) {
  absl::string_view inner = host;
  if (absl::ConsumePrefix(&inner, "[") && absl::ConsumeSuffix(&inner, "]")) {
    absl::StatusOr<Address> parsed = Address::Parse(inner, port);
    if (parsed.ok() && parsed->data()->sa_family == AF_INET6) return parsed;
  }
  return Address::Parse(host, port);
}

absl::Status CheckHostName(absl::string_view host) {
  if (host.find('\0') != absl::string_view::npos) {
    return InvalidError("the host contains a NUL byte");
  }
  const absl::string_view name = absl::StripSuffix(host, ".");
  if (name.size() > kMaxHostNameSize) {
    return InvalidError(
        absl::StrCat("the host is longer than ", kMaxHostNameSize, " bytes"));
  }
  if (IsName(name)) return absl::OkStatus();
  return InvalidError(
      absl::StrCat("not a host name or address: \"", host, "\""));
}

absl::Status CheckNameServer(absl::string_view server) {
  const size_t colon = server.rfind(':');
  absl::string_view host = server;
  int port = 0;
  // A single colon, or one behind a bracket, comes before a port.
  if (colon != absl::string_view::npos &&
      (server.find(':') == colon || server[colon - 1] == ']')) {
    const absl::string_view digits = server.substr(colon + 1);
    if (IsDigits(digits) && absl::SimpleAtoi(digits, &port) && port > 0 &&
        port <= 65535) {
      host = server.substr(0, colon);
    }
  }
  if (ParseHostAddress(host, 0).ok()) return absl::OkStatus();
  return InvalidError(absl::StrCat("not a name server: \"", server, "\""));
}

bool IsLocalhost(absl::string_view host) {
  host = absl::StripSuffix(host, ".");
  return absl::EqualsIgnoreCase(host, "localhost") ||
         absl::EndsWithIgnoreCase(host, ".localhost");
}

}  // namespace lev
