#include "lev/tls/session_cache.h"

#include <utility>

namespace lev {
namespace {

bool MayBeUsedOnce(const SSL_SESSION* session) {
  return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

}  // namespace

bool HasExpired(SSL_SESSION* session) {
  const X509* const peer = SSL_SESSION_get0_peer(session);
  return peer != nullptr && X509_cmp_current_time(X509_get0_notAfter(peer)) < 0;
}

void SessionCache::Put(absl::string_view peer, SessionPtr session) {
  const size_t keep = MayBeUsedOnce(session.get()) ? kMostPerPeer : 1;
  entries_.push_front({std::string(peer), std::move(session)});
  size_t same = 0;
  entries_.remove_if(
      [&](const Entry& entry) { return entry.peer == peer && ++same > keep; });
  if (entries_.size() > kMostSessions) entries_.pop_back();
}

SessionPtr SessionCache::Take(absl::string_view peer) {
  entries_.remove_if([&](const Entry& entry) {
    return entry.peer == peer && HasExpired(entry.session.get());
  });
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->peer != peer) continue;
    SessionPtr session;
    if (MayBeUsedOnce(entry->session.get())) {
      session = std::move(entry->session);
      entries_.erase(entry);
    } else {
      SSL_SESSION_up_ref(entry->session.get());
      session.reset(entry->session.get());
    }
    return session;
  }
  return nullptr;
}

void SessionCache::Forget(absl::string_view peer) {
  entries_.remove_if([&](const Entry& entry) { return entry.peer == peer; });
}

}  // namespace lev
