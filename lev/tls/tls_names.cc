#include "lev/tls/tls_names.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lev {
namespace {

constexpr size_t kMostInName = 253;
constexpr size_t kMostInLabel = 63;

bool IsLabel(absl::string_view label) {
  if (label.empty() || label.size() > kMostInLabel) return false;
  for (const char c : label) {
    if (!absl::ascii_isalnum(c) && c != '-' && c != '_') return false;
  }
  return true;
}

}  // namespace

bool IsHostName(absl::string_view name) {
  if (name.size() > kMostInName) return false;
  for (const absl::string_view label : absl::StrSplit(name, '.')) {
    if (!IsLabel(label)) return false;
  }
  return true;
}

bool IsIpAddress(absl::string_view name) {
  if (name.find('\0') != absl::string_view::npos) return false;
  ASN1_OCTET_STRING* const address = a2i_IPADDRESS(std::string(name).c_str());
  ASN1_OCTET_STRING_free(address);
  ERR_clear_error();
  return address != nullptr;
}

absl::string_view WithoutFinalDot(absl::string_view name) {
  return absl::StripSuffix(name, ".");
}

bool TlsNames::Add(absl::string_view name, size_t index) {
  if (!IsHostName(absl::StripPrefix(name, "*."))) return false;
  return entries_.emplace(absl::AsciiStrToLower(name), index).second;
}

size_t TlsNames::Find(absl::string_view name) const {
  const std::string lower = absl::AsciiStrToLower(WithoutFinalDot(name));
  const auto exact = entries_.find(lower);
  if (exact != entries_.end()) return exact->second;
  const size_t dot = lower.find('.');
  if (dot == 0 || dot == std::string::npos) return kNone;
  const auto wildcard = entries_.find(absl::StrCat("*", lower.substr(dot)));
  return wildcard == entries_.end() ? kNone : wildcard->second;
}

}  // namespace lev
