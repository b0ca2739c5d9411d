#include "lev/net/resolver.h"

#include <sys/socket.h>

#include <algorithm>

#include "absl/status/statusor.h"
#include "lev/net/address.h"
#include "lev/net/error.h"
#include "lev/net/host_name.h"

namespace lev {
namespace {

constexpr char kConfiguration[] = "/etc/resolv.conf";

// The host is `address`, and has none of the other family.
void AnswerLiteral(const Address& address, absl::string_view host,
                   Lookup& lookup) {
  for (const int family : {AF_INET6, AF_INET}) {
    std::vector<Address> addresses;
    if (family == address.family()) addresses.push_back(address);
    lookup.Answer(family, SomeAddresses(std::move(addresses), host));
  }
}

void AnswerLocalhost(uint16_t port, Lookup& lookup) {
  lookup.Answer(AF_INET6, std::vector<Address>{*Address::Parse("::1", port)});
  lookup.Answer(AF_INET,
                std::vector<Address>{*Address::Parse("127.0.0.1", port)});
}

}  // namespace

Resolver::Resolver(EventLoop& loop, Options options) : loop_(loop) {
  SetOptions(std::move(options));
}

Resolver::~Resolver() = default;

void Resolver::SetOptions(Options options) {
  options_ = std::move(options);
  hosts_ = std::make_unique<HostsFile>(options_.hosts_file);
  Retire();
}

void Resolver::Start(absl::string_view host, uint16_t port, Lookup& lookup) {
  lookup.SetName(host);
  const absl::StatusOr<Address> literal = ParseHostAddress(host, port);
  if (literal.ok()) return AnswerLiteral(*literal, host, lookup);
  const absl::Status checked = CheckHostName(host);
  if (!checked.ok()) return lookup.Fail(checked);
  if (IsLocalhost(host)) return AnswerLocalhost(port, lookup);
  StartName(std::string(host), port, lookup);
}

void Resolver::StartName(const std::string& name, uint16_t port,
                         Lookup& lookup) {
  if (options_.table != nullptr) {
    return options_.table->Answer(name, port, lookup);
  }
  if (options_.offline) {
    return lookup.Fail(LookupError("names cannot be resolved in virtual time"));
  }
  if (hosts_->Ask(name, port, lookup)) return;
  const absl::Status ready = Refresh();
  if (!ready.ok()) return lookup.Fail(ready);
  // IPv6 first: RFC 8305 wants its answer not to come later for our sake.
  for (const int family : {AF_INET6, AF_INET}) {
    if (lookup.asks(family)) channel_->Ask(name, port, family, lookup);
  }
}

// Makes channel_ one that knows the present configuration.
absl::Status Resolver::Refresh() {
  retired_.erase(std::remove_if(retired_.begin(), retired_.end(),
                                [](const auto& old) { return old->idle(); }),
                 retired_.end());
  const FileStamp stamp = FileStamp::Of(kConfiguration);
  if (channel_ != nullptr && stamp == stamp_) return absl::OkStatus();
  Retire();
  auto opened = AresChannel::Open(loop_, options_);
  if (!opened.ok()) return opened.status();
  channel_ = *std::move(opened);
  stamp_ = stamp;
  return absl::OkStatus();
}

// Questions asked already are answered by the one they were put to.
void Resolver::Retire() {
  if (channel_ != nullptr && !channel_->idle()) {
    retired_.push_back(std::move(channel_));
  }
  channel_.reset();
}

}  // namespace lev
