// The way from one host of a network in memory to another: how long it takes,
// how much fits, and what gets lost.
//
// A link goes one way. What it does to packets is decided by its plan, which
// may change at any time, and by the network's dice.

#ifndef LEV_TESTING_MEMORY_LINK_H_
#define LEV_TESTING_MEMORY_LINK_H_

#include <cstddef>
#include <cstdint>

#include "lev/loop/clock.h"
#include "lev/testing/dice.h"
#include "lev/testing/packet.h"

namespace lev {

struct LinkPlan {
  Nanos latency = 0;
  Nanos jitter = 0;      // Up to so much more, each packet its own.
  double bandwidth = 0;  // Bytes in a second; 0: no limit.
  double loss = 0;       // The probability that a packet is lost.
  // Of datagrams alone: to come twice, and to be overtaken by what is sent
  // within the next `latency` and 10 ms.
  double duplicate = 0;
  double reorder = 0;
  // The most bytes of a stream in one packet; each comes in its own turn of
  // the loop. 0: no limit.
  size_t piece = 0;
  // A connection is reset once it has brought so many bytes this way;
  // negative: never.
  int64_t reset_after = -1;
};

class MemoryLink {
 public:
  LinkPlan plan;
  bool cut = false;  // By a partition: nothing gets through.

  struct Passage {
    bool lost = false;
    bool twice = false;
    Nanos delay = 0;  // Of the first copy.
  };

  // What becomes of a packet that is sent `now`.
  Passage Send(const Packet& packet, Instant now, Dice& dice);

 private:
  Instant busy_until_ = 0;    // Sending what was sent before.
  Instant last_arrival_ = 0;  // Of what keeps its order.
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_LINK_H_
