#include "lev/tls/session_cache.h"

#include <string>

#include "gtest/gtest.h"

namespace lev {
namespace {

SessionPtr Session(int version) {
  SessionPtr session(SSL_SESSION_new());
  SSL_SESSION_set_protocol_version(session.get(), version);
  return session;
}

TEST(SessionCacheTest, ATicketOfTls13IsUsedOnce) {
  SessionCache cache;
  cache.Put("a", Session(TLS1_3_VERSION));
  EXPECT_NE(cache.Take("a"), nullptr);
  EXPECT_EQ(cache.Take("a"), nullptr);
}

TEST(SessionCacheTest, ASessionOfTls12StaysAndIsReplaced) {
  SessionCache cache;
  cache.Put("a", Session(TLS1_2_VERSION));
  const SessionPtr first = cache.Take("a");
  EXPECT_EQ(cache.Take("a"), first);
  cache.Put("a", Session(TLS1_2_VERSION));
  EXPECT_NE(cache.Take("a"), first);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(SessionCacheTest, TheNewestOfAPeerComesFirst) {
  SessionCache cache;
  cache.Put("a", Session(TLS1_3_VERSION));
  SessionPtr newer = Session(TLS1_3_VERSION);
  SSL_SESSION* const expected = newer.get();
  cache.Put("a", std::move(newer));
  cache.Put("b", Session(TLS1_3_VERSION));
  EXPECT_EQ(cache.Take("a").get(), expected);
}

TEST(SessionCacheTest, OnePeerKeepsFew) {
  SessionCache cache;
  for (int i = 0; i < 20; ++i) cache.Put("a", Session(TLS1_3_VERSION));
  EXPECT_EQ(cache.size(), SessionCache::kMostPerPeer);
}

TEST(SessionCacheTest, TheOldestGoesWhenItIsFull) {
  SessionCache cache;
  for (size_t i = 0; i <= SessionCache::kMostSessions; ++i) {
    cache.Put(std::to_string(i), Session(TLS1_3_VERSION));
  }
  EXPECT_EQ(cache.size(), SessionCache::kMostSessions);
  EXPECT_EQ(cache.Take("0"), nullptr);
  EXPECT_NE(cache.Take("1"), nullptr);
}

TEST(SessionCacheTest, APeerCanBeForgotten) {
  SessionCache cache;
  cache.Put("a", Session(TLS1_2_VERSION));
  cache.Put("b", Session(TLS1_2_VERSION));
  cache.Forget("a");
  EXPECT_EQ(cache.Take("a"), nullptr);
  EXPECT_NE(cache.Take("b"), nullptr);
}

}  // namespace
}  // namespace lev
