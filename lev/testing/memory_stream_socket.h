// A stream socket in memory: TCP, or a stream of the UNIX domain.
//
// A small TCP. What was sent stays here until it is acknowledged; what was
// lost is sent again, from there on, after a while that doubles each time. The
// network itself tells of a loss, so nothing is ever sent again for no reason,
// and no timer runs while all is well. The receiver tells how much room it has.
//
// What it keeps from the original: connecting takes a round trip, and up to
// 127 s when nobody answers; a peer that does not acknowledge for some 15
// minutes is given up ("Connection timed out"); closing with bytes unread, or
// with SO_LINGER 0, resets; a reset is told once, after what had arrived.

#ifndef LEV_TESTING_MEMORY_STREAM_SOCKET_H_
#define LEV_TESTING_MEMORY_STREAM_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "absl/types/span.h"
#include "lev/loop/clock.h"
#include "lev/net/address.h"
#include "lev/testing/memory_socket.h"
#include "lev/testing/packet.h"

namespace lev {

class MemoryStreamSocket final : public MemorySocket {
 public:
  using MemorySocket::MemorySocket;

  // SO_SNDBUF and SO_RCVBUF if nobody says otherwise.
  static constexpr size_t kBuffer = size_t{64} << 10;

  int Listen(int backlog) override;
  int Connect(const Address& peer) override;
  int Accept(MemorySocket*& connection) override;
  int Shutdown(int how) override;
  ssize_t Recv(absl::Span<char> out, Arrival& arrival) override;
  ssize_t Send(absl::Span<const char> data, const Address* to,
               Rights rights) override;
  int Poll(int events) const override;
  void Close(bool hard) override;
  void Arrive(Packet packet) override;
  void Lose() override;
  void ResetWith(const MemoryHost& peer) override;
  bool listens() const override { return state_ == State::kListening; }

  // It has just got a descriptor by Accept: what the poller is to know of it.
  void ShowReadiness();

 private:
  enum class State : uint8_t {
    kIdle,
    kListening,
    kConnecting,
    kOpen,
    kClosed,  // It was open, or was to be.
  };

  // Connecting.
  int ConnectUnix(const Address& peer);
  void SendSyn();
  void Establish(SocketId peer, size_t window);
  MemoryStreamSocket* Admit(SocketId client, const Address& from,
                            const Address& to, size_t window);
  void ArriveSyn(const Packet& packet);

  // Of the message at these numbers: they come with its first byte, and a read
  // that gets them ends where it ends, as the kernel's does.
  struct Passed {
    uint64_t begin = 0;
    uint64_t end = 0;
    Rights rights;
  };

  // Sending.
  uint64_t end() const { return first_ + unacknowledged_.size(); }
  size_t SendRoom() const;
  void Pass(Rights rights, size_t size);
  void Starve();
  void Pump();
  void SendData(size_t size, bool fin);
  void ArriveAck(const Packet& packet);
  void Retry();
  void Forget(MemoryStreamSocket& connection);

  // Receiving.
  size_t Capacity() const;
  size_t Window() const;
  void SendAck();
  void ArriveData(Packet packet);

  // Ending.
  void SendReset();
  void Fail(int error);
  void EndIfDone();
  Packet NewPacket(Packet::Kind kind) const;

  State state_ = State::kIdle;
  SocketId peer_id_ = 0;
  MemoryHost* peer_host_ = nullptr;
  bool orphan_ = false;  // Closed, but has something to send.

  std::string unacknowledged_;  // Sent or not.
  uint64_t first_ = 0;          // The number of its first byte,
  uint64_t next_ = 0;           // of the next to be sent,
  uint64_t limit_ = 0;          // and of the first for which is no room.
  bool ending_ = false;         // The end follows.
  bool finished_ = false;       // And has been acknowledged.
  bool starved_ = false;        // A send was told to wait.
  int losses_ = 0;              // Since the last progress.
  bool retrying_ = false;       // A timer runs.

  std::string arrived_;
  uint64_t taken_ = 0;         // The number of its first byte.
  std::deque<Passed> passed_;  // Also of what is still to come.
  uint64_t expected_ = 0;      // The number of the next byte to come.
  uint64_t told_ = 0;          // Up to where the peer may send.
  bool ended_ = false;         // The peer's end has come.
  bool deaf_ = false;          // SHUT_RD

  size_t backlog_ = 0;
  std::deque<MemoryStreamSocket*> queue_;   // Not accepted yet.
  MemoryStreamSocket* listener_ = nullptr;  // In whose queue it is.
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_STREAM_SOCKET_H_
