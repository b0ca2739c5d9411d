// What a TLS connection is to be like. Plain data: TlsContext makes sense of
// it.

#ifndef LEV_TLS_TLS_CONFIG_H_
#define LEV_TLS_TLS_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "lev/tls/ticket_keys.h"
#include "lev/tls/tls_identity.h"

namespace lev {

enum class TlsRole : uint8_t { kClient, kServer };
enum class TlsVersion : uint8_t { k12, k13 };

// A server's name, or "*.rest", and who it is under that name.
struct TlsHost {
  std::string name;
  const TlsIdentity* identity;
};

struct TlsConfig {
  TlsRole role = TlsRole::kClient;

  // A client: the server's certificate is verified, and that it is for the
  // server's name. A server: clients must show a certificate.
  bool verify = true;
  // Whose certificates are trusted. Empty: the system's, but not for a server,
  // who would let in everybody with a certificate of any kind.
  std::string ca_file = {};

  // Borrowed for the making of a context. A server needs one, or hosts.
  const TlsIdentity* identity = nullptr;
  // A server's: for clients who ask for a name.
  std::vector<TlsHost> hosts = {};

  TlsVersion min_version = TlsVersion::k12;
  TlsVersion max_version = TlsVersion::k13;
  // In OpenSSL's notation; names that begin with "TLS_" are for TLS 1.3, the
  // others for TLS 1.2. Empty: OpenSSL's choice, in either case.
  std::string ciphers = {};
  // In order of preference. A server takes its first that the client offers,
  // and refuses a client who offers others only.
  std::vector<std::string> alpn = {};
  // A file to which the connections' secrets are appended, for debugging.
  std::string key_log = {};

  // Sessions may be resumed.
  bool sessions = true;
  // A server's: borrowed, outlives the context. Null: it has keys of its own.
  TicketKeys* ticket_keys = nullptr;
  // A server's: which one it is, of those that share the keys. It takes no
  // tickets of others: who was led astray to it holds them for another name.
  std::string ticket_scope = {};
};

}  // namespace lev

#endif  // LEV_TLS_TLS_CONFIG_H_
