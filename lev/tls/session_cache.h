// The sessions that a client may resume, by the peer they were made with.
//
// Bounded; the oldest goes first. A session of TLS 1.3 is handed out once, for
// a ticket that is shown twice tells an observer that both were the same
// client. Since a server gives out several at once, some of each are kept.
//
// A session ends with the certificate that the peer has shown. OpenSSL does not
// look at it again, and with TLS 1.3 each resumption begets new tickets: it
// would go on for ever.

#ifndef LEV_TLS_SESSION_CACHE_H_
#define LEV_TLS_SESSION_CACHE_H_

#include <cstddef>
#include <list>
#include <string>

#include "absl/strings/string_view.h"
#include "lev/tls/openssl_ptr.h"

namespace lev {

// Whether the certificate of the peer has expired meanwhile.
bool HasExpired(SSL_SESSION* session);

class SessionCache {
 public:
  static constexpr size_t kMostSessions = 128;
  static constexpr size_t kMostPerPeer = 4;

  void Put(absl::string_view peer, SessionPtr session);

  // The newest of that peer that has not expired, or null.
  SessionPtr Take(absl::string_view peer);

  // All of that peer: one of them did not work.
  void Forget(absl::string_view peer);

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string peer;
    SessionPtr session;
  };

  std::list<Entry> entries_;  // The newest first.
};

}  // namespace lev

#endif  // LEV_TLS_SESSION_CACHE_H_
