// For tests that look names up: a loop, a name server in a thread, and a
// resolver that asks it.

#ifndef TESTS_SUPPORT_RESOLVER_FIXTURE_H_
#define TESTS_SUPPORT_RESOLVER_FIXTURE_H_

#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lev/net/resolver.h"
#include "tests/support/descriptors.h"
#include "tests/support/dns_server.h"
#include "tests/support/real_world.h"

namespace lev {

// Every test leaves as many descriptors open as it found.
class ResolverFixture : public testing::Test {
 protected:
  ~ResolverFixture() override {
    lookups_.clear();
    resolver_.reset();
    EXPECT_EQ(world_->loop().stats().registered_fds, 0u);
    EXPECT_EQ(world_->loop().stats().timers, 0u);
    world_.reset();
    server_.reset();
    EXPECT_EQ(CountOpenFds(), open_before_);
  }

  // The only name server answers like this.
  void Serve(DnsServer::Handler handler) {
    server_ = std::make_unique<DnsServer>(std::move(handler));
    resolver_ = std::make_unique<Resolver>(world_->loop(), Options());
  }

  // It answers every question with the same.
  void Serve(DnsReply reply) {
    Serve([reply](const DnsQuestion&) { return reply; });
  }

  Resolver::Options Options() {
    Resolver::Options options;
    if (server_ != nullptr) options.servers = {server_->address()};
    options.search.emplace();
    options.hosts_file.clear();
    return options;
  }

  // Where no name server is.
  static std::string RefusingUdp() {
    return "127.0.0.1:" + std::to_string(RefusingAddress().port());
  }

  // Begins to look up.
  Lookup& Start(const std::string& host, int family = AF_UNSPEC) {
    lookups_.push_back(std::make_unique<Lookup>(family));
    resolver_->Start(host, 80, *lookups_.back());
    return *lookups_.back();
  }

  // Somebody who waits until all is known.
  Player& Await(Lookup& lookup) {
    return world_->NewPlayer().Do([&lookup](bool) {
      return lookup.complete() ? Step::Done() : Step::Blocked(lookup);
    });
  }

  Lookup& LookUp(const std::string& host, int family = AF_UNSPEC) {
    Lookup& lookup = Start(host, family);
    Await(lookup);
    world_->Run();
    EXPECT_TRUE(lookup.complete());
    return lookup;
  }

  static std::vector<std::string> Hosts(const Lookup& lookup, int family) {
    std::vector<std::string> texts;
    for (const Address& address : lookup.addresses(family)) {
      EXPECT_EQ(address.port(), 80);
      texts.push_back(address.host());
    }
    return texts;
  }

  static std::vector<std::string> Hosts(const Lookup& lookup) {
    std::vector<std::string> texts = Hosts(lookup, AF_INET6);
    for (std::string& text : Hosts(lookup, AF_INET)) texts.push_back(text);
    return texts;
  }

  static std::string ErrorOf(const Lookup& lookup) {
    return std::string(lookup.error().message());
  }

  const size_t open_before_ = CountOpenFds();
  std::unique_ptr<RealWorld> world_ = std::make_unique<RealWorld>();
  std::unique_ptr<DnsServer> server_;
  std::unique_ptr<Resolver> resolver_;
  std::vector<std::unique_ptr<Lookup>> lookups_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_RESOLVER_FIXTURE_H_
