// c-ares on the loop: questions to name servers that block nobody.
//
// A channel owns its sockets (c-ares has them opened and closed here, so that
// the loop lets go of a descriptor before it is closed) and is a waiter that
// serves in the background: it waits for whatever c-ares waits for, and for
// its timers. While nothing is asked it waits for nothing and has no sockets.
// Questions go out a few at a time: a burst would only overflow the buffers of
// a server, and cost everybody a timeout.
//
// Belongs to a Resolver.

#ifndef LEV_NET_ARES_CHANNEL_H_
#define LEV_NET_ARES_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/loop/waiter.h"
#include "lev/net/address.h"
#include "lev/net/host_table.h"
#include "lev/net/lookup.h"
#include "lev/net/owned_fd.h"

struct ares_addrinfo;
struct ares_channeldata;

namespace lev {

struct ResolverOptions {
  // "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53"; none: the system's.
  std::vector<std::string> servers;
  // Appended to names with few dots. Null: the system's.
  std::optional<std::vector<std::string>> search;
  // A name with as many dots is first asked for as it is. Negative: the
  // system's (usually 1).
  int ndots = -1;
  // How long the first try waits for an answer (each later one, twice as
  // long), and how often each server is asked.
  Nanos timeout = 2 * kSecond;
  int tries = 3;
  // Comes before the servers. Empty: none does.
  std::string hosts_file = "/etc/hosts";
  // Names that would need a network are an error: virtual time has none.
  bool offline = false;
  // Instead of all that: these names alone exist. Outlives the resolver.
  const HostTable* table = nullptr;
};

class AresChannel final : private Waiter {
 public:
  // Reads the system's configuration. Error: a server or another option that
  // c-ares does not understand.
  static absl::StatusOr<std::unique_ptr<AresChannel>> Open(
      EventLoop& loop, const ResolverOptions& options);

  // Answers what is still asked with "cancelled".
  ~AresChannel() override;

  // Asks the name servers, in a turn of its own, for the addresses of `name` in
  // `family`, which will answer `lookup`.
  void Ask(const std::string& name, uint16_t port, int family, Lookup& lookup);

  // Nothing is asked.
  bool idle() const { return in_flight_ == 0 && queue_.empty(); }

 private:
  class Question;

  struct Socket {
    OwnedFd fd;
    FdWatch watch;
    // What c-ares waits for.
    bool wants_read = false;
    bool wants_write = false;
  };

  // What c-ares calls.
  struct Hooks;

  explicit AresChannel(EventLoop& loop);

  absl::Status Init(const ResolverOptions& options);
  void Run() override;
  void Poke();
  void SendQueued();
  void ParkAgain();
  void Process(Socket& socket);
  Socket* NextReady();
  Instant NextTimeout();
  Socket* Find(int fd);
  void Abandoned();

  ares_channeldata* ares_ = nullptr;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::vector<Arm> arms_;
  std::deque<std::unique_ptr<Question>> queue_;  // Not sent yet.
  Instant next_batch_ = 0;  // When some of them go whatever is in flight.
  size_t in_flight_ = 0;    // Questions c-ares knows of.
  size_t wanted_ = 0;       // Those whose answer somebody wants.
};

}  // namespace lev

#endif  // LEV_NET_ARES_CHANNEL_H_
