// A datagram socket in memory: UDP, or of the UNIX domain.
//
// UDP loses what the receiver has no room for; the UNIX domain makes the sender
// wait. Who is connected is told, once, that nobody is there ("Connection
// refused").

#ifndef LEV_TESTING_MEMORY_DATAGRAM_SOCKET_H_
#define LEV_TESTING_MEMORY_DATAGRAM_SOCKET_H_

#include <cstddef>
#include <deque>
#include <string>

#include "absl/types/span.h"
#include "lev/net/address.h"
#include "lev/testing/memory_socket.h"
#include "lev/testing/packet.h"

namespace lev {

class MemoryDatagramSocket final : public MemorySocket {
 public:
  using MemorySocket::MemorySocket;

  // The largest datagram, and how much a receiver keeps.
  static constexpr size_t kMost = 65507;
  static constexpr size_t kBuffer = 212992;
  // In the UNIX domain it keeps so many.
  static constexpr size_t kMostUnix = 512;

  int Listen(int) override { return -EOPNOTSUPP; }
  int Connect(const Address& peer) override;
  int Accept(MemorySocket*&) override { return -EOPNOTSUPP; }
  int Shutdown(int how) override;
  ssize_t Recv(absl::Span<char> out, Arrival& arrival) override;
  ssize_t Send(absl::Span<const char> data, const Address* to,
               Rights rights) override;
  int Poll(int events) const override;
  void Close(bool hard) override;
  void Arrive(Packet packet) override;

  // Whether it takes what comes from there: connected, only from its peer.
  bool Hears(const Address& from) const;

 private:
  struct Datagram {
    std::string data;
    Address from;
    Rights rights = {};
  };

  // Binds it if nobody has, and says where a datagram to `to` is from and goes
  // by. 0, or a negative errno.
  int PrepareForMany(Address& to, Address& from, unsigned& interface);
  int SendToMany(Packet packet);
  ssize_t SendUnix(absl::Span<const char> data, const Address& to,
                   Rights rights);
  void Keep(Datagram datagram);
  // Of the UNIX domain: whether there is no room for so much.
  bool IsFull(size_t size) const;
  // The one it is connected to there, or null.
  const MemoryDatagramSocket* FindReceiver() const;
  void SayThereIsRoom();

  std::deque<Datagram> queue_;
  size_t queued_ = 0;  // Bytes.
  bool deaf_ = false;  // SHUT_RD
  bool mute_ = false;  // SHUT_WR
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_DATAGRAM_SOCKET_H_
