// A name server for tests, on a port of 127.0.0.1, in a thread of its own.
// What it answers, and how badly, a function says.

#ifndef TESTS_SUPPORT_DNS_SERVER_H_
#define TESTS_SUPPORT_DNS_SERVER_H_

#include <netinet/in.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lev/loop/clock.h"
#include "lev/net/owned_fd.h"

namespace lev {

struct DnsQuestion {
  std::string name;
  bool v6 = false;  // Asks for AAAA; otherwise for A.
  bool tcp = false;
  int nth = 0;  // How often the same was asked before.
};

struct DnsReply {
  int rcode = 0;  // 2: server failure, 3: no such name, 5: refused.
  // The name is an alias of the first, that of the second, and so on.
  std::vector<std::string> aliases = {};
  // Those of the family that was not asked for are left out.
  std::vector<std::string> addresses = {};
  Nanos delay = 0;
  bool silent = false;
  bool truncated = false;  // Over UDP: ask again over TCP.
  bool garbage = false;    // Bytes that are no answer.
  bool wrong_id = false;   // To a question that was not asked.
};

class DnsServer {
 public:
  // Runs in the server's thread.
  using Handler = std::function<DnsReply(const DnsQuestion& question)>;

  explicit DnsServer(Handler handler);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  // "127.0.0.1:5353"
  std::string address() const;
  uint16_t port() const { return port_; }

  // All that was asked so far: "A x.test", "AAAA x.test", "A x.test TCP".
  std::vector<std::string> asked();
  int times_asked(const std::string& what);

 private:
  // Where a question came from: an address, or a connection.
  struct Origin {
    sockaddr_in address = {};
    uint32_t connection = 0;  // Its number; 0: the question came over UDP.
  };
  struct Connection {
    OwnedFd fd;
    uint32_t number = 0;
    std::string received;
  };
  struct Due {
    Instant when = 0;
    std::string message;
    Origin to;
  };

  bool Bind();
  void Serve();
  void TakePackets();
  void TakeConnection();
  bool TakeBytes(Connection& connection);
  void Take(const std::string& message, const Origin& from);
  DnsQuestion Note(const std::string& message, bool tcp);
  void SendDue();
  void Send(const Due& due);
  int Timeout();

  const Handler handler_;
  OwnedFd udp_;
  OwnedFd tcp_;
  OwnedFd stop_;
  uint16_t port_ = 0;
  MonotonicClock clock_;
  std::vector<Connection> connections_;
  uint32_t last_number_ = 0;
  std::vector<Due> due_;
  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_DNS_SERVER_H_
