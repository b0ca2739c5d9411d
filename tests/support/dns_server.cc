#include "tests/support/dns_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "lev/loop/check.h"

namespace lev {
namespace {

constexpr int kTypeA = 1;
constexpr int kTypeCname = 5;
constexpr int kTypeAaaa = 28;
constexpr size_t kHeaderSize = 12;

std::string Short(int number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number & 255)};
}

int ShortAt(const std::string& message, size_t at) {
  return static_cast<uint8_t>(message[at]) << 8 |
         static_cast<uint8_t>(message[at + 1]);
}

// As labels, each after its length.
std::string Encode(const std::string& name) {
  std::string encoded;
  for (size_t at = 0; at < name.size();) {
    const size_t dot = std::min(name.find('.', at), name.size());
    encoded += static_cast<char>(dot - at) + name.substr(at, dot - at);
    at = dot + 1;
  }
  return encoded + '\0';
}

// The name at `at`, which then is behind it.
std::string Decode(const std::string& message, size_t& at) {
  std::string name;
  while (const auto size = static_cast<uint8_t>(message.at(at++))) {
    if (!name.empty()) name += '.';
    name += message.substr(at, size);
    at += size;
  }
  return name;
}

std::string Record(const std::string& name, int type, const std::string& data) {
  const std::string ttl("\0\0\0\x3c", 4);
  return Encode(name) + Short(type) + Short(1) + ttl +
         Short(static_cast<int>(data.size())) + data;
}

// The records of `reply`, counted.
std::string Records(const DnsQuestion& question, const DnsReply& reply,
                    int& count) {
  std::string records;
  std::string name = question.name;
  for (const std::string& alias : reply.aliases) {
    records += Record(name, kTypeCname, Encode(alias));
    name = alias;
    ++count;
  }
  for (const std::string& address : reply.addresses) {
    char data[16];
    const int family = question.v6 ? AF_INET6 : AF_INET;
    if (inet_pton(family, address.c_str(), data) != 1) continue;
    records += Record(name, question.v6 ? kTypeAaaa : kTypeA,
                      std::string(data, question.v6 ? 16 : 4));
    ++count;
  }
  return records;
}

std::string Answer(const std::string& asked, const DnsQuestion& question,
                   const DnsReply& reply) {
  if (reply.garbage) return asked.substr(0, 2) + "\xff\xff\xff garbage";
  int id = ShortAt(asked, 0);
  if (reply.wrong_id) id ^= 0x5555;
  const bool cut = reply.truncated && !question.tcp;
  int count = 0;
  const std::string records = cut ? "" : Records(question, reply, count);
  const int flags = 0x8180 | (cut ? 0x0200 : 0) | reply.rcode;
  size_t end = kHeaderSize;
  Decode(asked, end);
  return Short(id) + Short(flags) + Short(1) + Short(count) + Short(0) +
         Short(0) + asked.substr(kHeaderSize, end + 4 - kHeaderSize) + records;
}

}  // namespace

DnsServer::DnsServer(Handler handler) : handler_(std::move(handler)) {
  while (!Bind()) continue;
  stop_ = OwnedFd(eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([this] { Serve(); });
}

DnsServer::~DnsServer() {
  const uint64_t one = 1;
  LEV_CHECK(write(stop_.get(), &one, sizeof(one)) == sizeof(one), "no stop");
  thread_.join();
}

// One port for both. False if it is taken for one of them.
bool DnsServer::Bind() {
  tcp_ = OwnedFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  udp_ = OwnedFd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  LEV_CHECK(bind(tcp_.get(), generic, size) == 0 &&
                listen(tcp_.get(), 128) == 0 &&
                getsockname(tcp_.get(), generic, &size) == 0,
            "no port for a name server");
  port_ = ntohs(address.sin_port);
  const int room = 4 << 20;
  setsockopt(udp_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
  return bind(udp_.get(), generic, size) == 0;
}

std::string DnsServer::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

std::vector<std::string> DnsServer::asked() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return asked_;
}

int DnsServer::times_asked(const std::string& what) {
  const std::vector<std::string> all = asked();
  return static_cast<int>(std::count(all.begin(), all.end(), what));
}

void DnsServer::Serve() {
  for (;;) {
    std::vector<pollfd> polled = {{stop_.get(), POLLIN, 0},
                                  {udp_.get(), POLLIN, 0},
                                  {tcp_.get(), POLLIN, 0}};
    for (const Connection& connection : connections_) {
      polled.push_back({connection.fd.get(), POLLIN, 0});
    }
    poll(polled.data(), polled.size(), Timeout());
    if (polled[0].revents != 0) return;
    if (polled[1].revents != 0) TakePackets();
    for (size_t i = polled.size(); i-- > 3;) {
      if (polled[i].revents == 0 || TakeBytes(connections_[i - 3])) continue;
      connections_.erase(connections_.begin() + static_cast<long>(i) - 3);
    }
    if (polled[2].revents != 0) TakeConnection();
    SendDue();
  }
}

void DnsServer::TakePackets() {
  for (;;) {
    Origin from;
    socklen_t size = sizeof(from.address);
    char data[4096];
    const ssize_t count =
        recvfrom(udp_.get(), data, sizeof(data), 0,
                 reinterpret_cast<sockaddr*>(&from.address), &size);
    if (count < 0) return;
    Take(std::string(data, static_cast<size_t>(count)), from);
  }
}

void DnsServer::TakeConnection() {
  Connection connection;
  connection.fd = OwnedFd(accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  connection.number = ++last_number_;
  connections_.push_back(std::move(connection));
}

// False at its end.
bool DnsServer::TakeBytes(Connection& connection) {
  char data[4096];
  const ssize_t count = recv(connection.fd.get(), data, sizeof(data), 0);
  if (count <= 0) return false;
  std::string& received = connection.received;
  received.append(data, static_cast<size_t>(count));
  while (received.size() >= 2) {
    const size_t size = static_cast<size_t>(ShortAt(received, 0));
    if (received.size() < 2 + size) break;
    Take(received.substr(2, size), {.connection = connection.number});
    received.erase(0, 2 + size);
  }
  return true;
}

void DnsServer::Take(const std::string& message, const Origin& from) {
  if (message.size() < kHeaderSize) return;
  const DnsQuestion question = Note(message, from.connection != 0);
  const DnsReply reply = handler_(question);
  if (reply.silent) return;
  due_.push_back({After(clock_.Now(), reply.delay),
                  Answer(message, question, reply), from});
}

DnsQuestion DnsServer::Note(const std::string& message, bool tcp) {
  size_t at = kHeaderSize;
  DnsQuestion question = {.name = Decode(message, at), .tcp = tcp};
  question.v6 = ShortAt(message, at) == kTypeAaaa;
  const std::string note =
      (question.v6 ? "AAAA " : "A ") + question.name + (tcp ? " TCP" : "");
  question.nth = times_asked(note);
  const std::lock_guard<std::mutex> lock(mutex_);
  asked_.push_back(note);
  return question;
}

void DnsServer::SendDue() {
  const Instant now = clock_.Now();
  const auto later =
      std::stable_partition(due_.begin(), due_.end(),
                            [now](const Due& due) { return due.when > now; });
  for (auto due = later; due != due_.end(); ++due) Send(*due);
  due_.erase(later, due_.end());
}

void DnsServer::Send(const Due& due) {
  if (due.to.connection == 0) {
    sendto(udp_.get(), due.message.data(), due.message.size(), 0,
           reinterpret_cast<const sockaddr*>(&due.to.address),
           sizeof(due.to.address));
    return;
  }
  const std::string message =
      Short(static_cast<int>(due.message.size())) + due.message;
  for (const Connection& connection : connections_) {
    if (connection.number != due.to.connection) continue;
    send(connection.fd.get(), message.data(), message.size(), MSG_NOSIGNAL);
  }
}

int DnsServer::Timeout() {
  Instant first = kNever;
  for (const Due& due : due_) first = std::min(first, due.when);
  if (first == kNever) return -1;
  const Nanos rest = std::max<Nanos>(first - clock_.Now(), 0);
  return static_cast<int>(rest / kMillisecond + 1);
}

}  // namespace lev
