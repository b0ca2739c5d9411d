// What goes from one socket of a network in memory to another.

#ifndef LEV_TESTING_PACKET_H_
#define LEV_TESTING_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "lev/net/address.h"

namespace lev {

// Sockets are known by numbers, which are never used again.
using SocketId = uint64_t;

struct Packet {
  enum class Kind : uint8_t {
    kSyn,       // May I come in? To whoever listens at `to`.
    kSynAck,    // Yes.
    kData,      // Bytes from `seq` on, and perhaps the end.
    kAck,       // All before `ack` has come; there is room for `window` more.
    kReset,     // There is no such connection (any more).
    kDatagram,  // To whoever is bound to `to`.
    kRefused,   // Nobody is.
  };

  Kind kind = Kind::kData;
  bool fin = false;  // kData: nothing follows.
  SocketId sender = 0;
  SocketId receiver = 0;  // 0: whoever is at `to`.
  Address from = {};
  Address to = {};
  unsigned interface = 0;  // kDatagram for many: by which one it comes.
  uint64_t seq = 0;
  uint64_t ack = 0;
  size_t window = 0;
  std::string data = {};

  // "syn", "data 5 at 10 fin": for the trace.
  std::string Describe() const;
};

}  // namespace lev

#endif  // LEV_TESTING_PACKET_H_
