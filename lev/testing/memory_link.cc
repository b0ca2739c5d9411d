#include "lev/testing/memory_link.h"

#include <algorithm>

namespace lev {
namespace {

constexpr Nanos kOvertaken = 10 * kMillisecond;

// Beside its data: headers.
constexpr double kHeader = 40;

}  // namespace

MemoryLink::Passage MemoryLink::Send(const Packet& packet, Instant now,
                                     Dice& dice) {
  Passage passage;
  passage.lost = cut || dice.Comes(plan.loss);
  if (passage.lost) return passage;
  Instant sent = now;
  if (plan.bandwidth > 0) {
    const double size = static_cast<double>(packet.data.size()) + kHeader;
    busy_until_ = After(std::max(busy_until_, now),
                        static_cast<Nanos>(size / plan.bandwidth * kSecond));
    sent = busy_until_;
  }
  Instant arrival = After(sent, plan.latency);
  if (plan.jitter > 0) {
    const auto most = static_cast<uint64_t>(plan.jitter) + 1;
    arrival = After(arrival, static_cast<Nanos>(dice.Below(most)));
  }
  const bool is_datagram = packet.kind == Packet::Kind::kDatagram;
  passage.twice = is_datagram && dice.Comes(plan.duplicate);
  if (is_datagram && dice.Comes(plan.reorder)) {
    arrival = After(arrival, plan.latency + kOvertaken);
  } else {
    const bool apart = plan.piece > 0 && packet.kind == Packet::Kind::kData;
    arrival = std::max(arrival, last_arrival_);
    if (apart) arrival = std::max(arrival, std::max(last_arrival_, now) + 1);
    last_arrival_ = arrival;
  }
  passage.delay = arrival - now;
  return passage;
}

}  // namespace lev
