#include "lev/testing/memory_network.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lev/testing/memory_address.h"
#include "lev/testing/memory_datagram_socket.h"
#include "lev/testing/memory_stream_socket.h"

namespace lev {

FakePoller& MemorySocket::poller() const { return network().poller(); }

MemoryNetwork& MemorySocket::network() const { return host_.network(); }

int64_t MemorySocket::Option(int level, int option, int64_t otherwise) const {
  const auto found = options.find({level, option});
  int value = 0;
  if (found == options.end() || found->second.size() < sizeof(value)) {
    return otherwise;
  }
  std::memcpy(&value, found->second.data(), sizeof(value));
  return value;
}

MemoryNetwork::MemoryNetwork(Clock& clock, FakePoller& poller, Options options)
    : clock_(clock),
      poller_(poller),
      dice_(options.seed),
      traces_(options.trace) {}

// Messages that nobody has received have descriptors of their own.
MemoryNetwork::~MemoryNetwork() {
  for (const auto& host : hosts_) host->ForgetSockets();
}

MemoryHost& MemoryNetwork::AddHost(absl::string_view name,
                                   std::vector<Address> addresses) {
  if (addresses.empty()) {
    const size_t number = hosts_.size() + 1;
    const std::string v4 =
        absl::StrCat("10.0.", number / 250, ".", number % 250);
    addresses.push_back(*Address::Parse(v4, 0));
  }
  for (const Address& address : addresses) names_.Add(name, address);
  hosts_.push_back(std::make_unique<MemoryHost>(*this, std::string(name),
                                                std::move(addresses)));
  return *hosts_.back();
}

MemoryHost* MemoryNetwork::FindHost(absl::string_view name) const {
  for (const auto& host : hosts_) {
    if (host->name() == name) return host.get();
  }
  return nullptr;
}

MemoryLink& MemoryNetwork::LinkOf(const MemoryHost& from,
                                  const MemoryHost& to) {
  return links_[{&from, &to}];
}

void MemoryNetwork::SetLink(const MemoryHost& from, const MemoryHost& to,
                            const LinkPlan& plan) {
  LinkOf(from, to).plan = plan;
}

const LinkPlan& MemoryNetwork::PlanOf(const MemoryHost& from,
                                      const MemoryHost& to) {
  return LinkOf(from, to).plan;
}

void MemoryNetwork::Partition(absl::Span<MemoryHost* const> these,
                              absl::Span<MemoryHost* const> those) {
  for (const MemoryHost* one : these) {
    for (const MemoryHost* other : those) {
      LinkOf(*one, *other).cut = LinkOf(*other, *one).cut = true;
      Note(absl::StrCat("cut ", one->name(), " - ", other->name()));
    }
  }
}

void MemoryNetwork::Partition(MemoryHost& one, MemoryHost& other) {
  MemoryHost* const ends[] = {&one, &other};
  Partition({&ends[0], 1}, {&ends[1], 1});
}

void MemoryNetwork::Heal() {
  for (auto& [ends, link] : links_) link.cut = false;
  Note("heal");
}

void MemoryNetwork::ResetConnections(const MemoryHost& one,
                                     const MemoryHost& other) {
  Note(absl::StrCat("reset ", one.name(), " - ", other.name()));
  ForEachSocket(one, [&](MemorySocket& socket) { socket.ResetWith(other); });
  ForEachSocket(other, [&](MemorySocket& socket) { socket.ResetWith(one); });
  Deliver();
}

void MemoryNetwork::Note(absl::string_view line) {
  if (!traces_) return;
  const Instant now = clock_.Now();
  absl::StrAppendFormat(&trace_, "%d.%09d %s\n", now / kSecond, now % kSecond,
                        line);
}

void MemoryNetwork::Trace(const Flight& flight,
                          const MemoryLink::Passage& passage) {
  if (!traces_) return;
  const Packet& packet = flight.packet;
  std::string line = absl::StrCat(
      flight.from->name(), "/", packet.from.ToString(), " > ",
      flight.to->name(), "/", packet.to.ToString(), " ", packet.Describe());
  if (passage.lost) {
    absl::StrAppend(&line, " lost");
  } else if (passage.delay > 0) {
    absl::StrAppendFormat(&line, " +%d.%09d", passage.delay / kSecond,
                          passage.delay % kSecond);
  }
  if (passage.twice) absl::StrAppend(&line, " twice");
  Note(line);
}

size_t MemoryNetwork::open_descriptors() const {
  size_t count = 0;
  for (const auto& host : hosts_) count += host->open_descriptors();
  return count;
}

MemoryHost* MemoryNetwork::HostOf(MemoryHost& from, const Address& address) {
  if (IsLoopback(address)) return &from;
  for (const auto& host : hosts_) {
    for (const Address& own : host->addresses()) {
      if (SameHost(own, address)) return host.get();
    }
  }
  return nullptr;
}

MemorySocket& MemoryNetwork::NewSocket(MemoryHost& host, int family, int type) {
  const SocketId id = ++last_id_;
  std::unique_ptr<MemorySocket>& socket = sockets_[id];
  if (type == SOCK_STREAM) {
    socket = std::make_unique<MemoryStreamSocket>(host, id, family, type);
  } else {
    socket = std::make_unique<MemoryDatagramSocket>(host, id, family, type);
  }
  return *socket;
}

MemorySocket* MemoryNetwork::FindSocket(SocketId id) const {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : found->second.get();
}

MemorySocket* MemoryNetwork::FindPeerOf(SocketId client,
                                        const MemoryHost& host) const {
  const auto found = peers_.find(client);
  MemorySocket* const peer =
      found == peers_.end() ? nullptr : FindSocket(found->second);
  return peer != nullptr && &peer->host() == &host ? peer : nullptr;
}

void MemoryNetwork::Later(Nanos delay, SocketId socket,
                          absl::AnyInvocable<void(MemorySocket&)> action) {
  poller_.At(After(clock_.Now(), delay),
             [this, socket, act = std::move(action)]() mutable {
               MemorySocket* const found = FindSocket(socket);
               if (found != nullptr) act(*found);
               Deliver();
             });
}

void MemoryNetwork::Send(MemoryHost& from, MemoryHost& to, Packet packet) {
  Flight flight = {&from, &to, std::move(packet)};
  const MemoryLink::Passage passage =
      LinkOf(from, to).Send(flight.packet, clock_.Now(), dice_);
  Trace(flight, passage);
  if (passage.lost || !from.up()) return Lose(flight.packet);
  if (passage.twice) Launch(flight, passage.delay);
  Launch(std::move(flight), passage.delay);
}

void MemoryNetwork::Launch(Flight flight, Nanos delay) {
  if (delay == 0) {
    arrived_.push_back(std::move(flight));
    return;
  }
  poller_.At(After(clock_.Now(), delay),
             [this, flight = std::move(flight)]() mutable {
               arrived_.push_back(std::move(flight));
               Deliver();
             });
}

void MemoryNetwork::Deliver() {
  if (std::exchange(delivering_, true)) return;
  do {
    while (!arrived_.empty()) {
      Flight flight = std::move(arrived_.front());
      arrived_.pop_front();
      Land(std::move(flight));
    }
    CloseBuried();
  } while (!arrived_.empty());
  delivering_ = false;
}

// What they held may be the last descriptors of others, which go, too.
void MemoryNetwork::CloseBuried() {
  while (!buried_.empty() || !discarded_.empty()) {
    const auto sockets = std::exchange(buried_, {});
    const auto rights = std::exchange(discarded_, {});
  }
}

void MemoryNetwork::Discard(MemorySocket::Rights rights) {
  discarded_.push_back(std::move(rights));
}

void MemoryNetwork::Land(Flight flight) {
  if (!flight.to->up() || LinkOf(*flight.from, *flight.to).cut) {
    return Lose(flight.packet);
  }
  if (flight.packet.interface != 0) {
    return flight.to->ArriveForMany(flight.packet);
  }
  MemorySocket* const receiver = ReceiverOf(flight);
  if (receiver == nullptr) return AnswerForNobody(flight);
  receiver->Arrive(std::move(flight.packet));
}

MemorySocket* MemoryNetwork::ReceiverOf(const Flight& flight) {
  const Packet& packet = flight.packet;
  if (packet.receiver != 0) return FindSocket(packet.receiver);
  const bool is_datagram = packet.kind == Packet::Kind::kDatagram;
  return flight.to->Find(is_datagram ? SOCK_DGRAM : SOCK_STREAM, packet.to,
                         packet.from);
}

void MemoryNetwork::AnswerForNobody(const Flight& flight) {
  const Packet& packet = flight.packet;
  Packet answer;
  answer.receiver = packet.sender;
  answer.from = packet.to;
  answer.to = packet.from;
  switch (packet.kind) {
    case Packet::Kind::kDatagram:
      answer.kind = Packet::Kind::kRefused;
      break;
    case Packet::Kind::kSyn:
    case Packet::Kind::kSynAck:
      answer.kind = Packet::Kind::kReset;
      break;
    case Packet::Kind::kData: {
      const auto rests = in_peace_.find(packet.receiver);
      const bool knows = rests != in_peace_.end();
      answer.kind = knows ? Packet::Kind::kAck : Packet::Kind::kReset;
      if (knows) answer.ack = rests->second;
      break;
    }
    default:
      return;
  }
  Send(*flight.to, *flight.from, std::move(answer));
}

void MemoryNetwork::Lose(const Packet& packet) {
  const bool answers =
      packet.kind == Packet::Kind::kAck || packet.kind == Packet::Kind::kSynAck;
  MemorySocket* const waits =
      FindSocket(answers ? packet.receiver : packet.sender);
  if (waits == nullptr || packet.kind == Packet::Kind::kReset) return;
  waits->Lose();
}

void MemoryNetwork::Bury(MemorySocket& socket) {
  const auto found = sockets_.find(socket.id());
  if (found == sockets_.end()) return;
  buried_.push_back(std::move(found->second));
  sockets_.erase(found);
}

void MemoryNetwork::BuryInPeace(MemorySocket& socket, uint64_t expected) {
  in_peace_[socket.id()] = expected;
  Bury(socket);
}

void MemoryNetwork::RemoveAll(const MemoryHost& host) {
  ForEachSocket(host, [this](MemorySocket& socket) { Bury(socket); });
  Note(absl::StrCat("crash ", host.name()));
}

// Who is visited may go.
void MemoryNetwork::ForEachSocket(
    const MemoryHost& host, absl::FunctionRef<void(MemorySocket&)> visit) {
  std::vector<MemorySocket*> found;
  for (const auto& [id, socket] : sockets_) {
    if (&socket->host() == &host) found.push_back(socket.get());
  }
  for (MemorySocket* socket : found) visit(*socket);
}

}  // namespace lev
