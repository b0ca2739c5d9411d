// Names become addresses, without blocking anybody.
//
// A host is, in this order: an address in digits; "localhost" or a name below
// it, which is this machine; a name in the hosts file; a name that the name
// servers know, as it is or with a search domain. Both families are asked at
// once. Nothing is remembered: that is what the machine's own name server is
// for.
//
// One Resolver serves one loop, which outlives it. It is idle, without sockets
// and timers, while nobody asks. It reads the system's configuration at the
// first question, and again when /etc/resolv.conf has changed.

#ifndef LEV_NET_RESOLVER_H_
#define LEV_NET_RESOLVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lev/loop/event_loop.h"
#include "lev/net/ares_channel.h"
#include "lev/net/file_stamp.h"
#include "lev/net/hosts_file.h"
#include "lev/net/lookup.h"

namespace lev {

class Resolver {
 public:
  using Options = ResolverOptions;

  explicit Resolver(EventLoop& loop) : Resolver(loop, {}) {}
  Resolver(EventLoop& loop, Options options);
  // Lookups still unanswered fail: "cancelled".
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // For the lookups to come.
  void SetOptions(Options options);

  // Begins to fill `lookup`, which is new, with the addresses of `host` and
  // `port`. What needs no question is answered at once. Errors, as Lookup
  // tells them:
  //   not a host name or address: "..."
  //   the host contains a NUL byte
  //   the host is longer than 253 bytes
  //   name not found: "..."
  //   no address for "..." (of the family asked for)
  //   name server did not answer
  //   name server failed (cannot be reached, refuses, is broken)
  //   names cannot be resolved in virtual time
  void Start(absl::string_view host, uint16_t port, Lookup& lookup);

 private:
  void StartName(const std::string& name, uint16_t port, Lookup& lookup);
  absl::Status Refresh();
  void Retire();

  EventLoop& loop_;
  Options options_;
  std::unique_ptr<HostsFile> hosts_;
  std::unique_ptr<AresChannel> channel_;  // Once something was asked.
  // Out of date, and still with questions.
  std::vector<std::unique_ptr<AresChannel>> retired_;
  FileStamp stamp_;  // Of the configuration that channel_ has read.
};

}  // namespace lev

#endif  // LEV_NET_RESOLVER_H_
