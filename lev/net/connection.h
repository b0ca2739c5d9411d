// Where bytes meet the loop: a connected socket, or an end of a pipe, with its
// watch, its stream and its reader.
//
// Every verb is a step: it makes progress, or names the WaitList on which to
// park before it is tried again. A step that failed says why in error().
// Nothing here suspends; the drivers of C++20 and of Lua do.
//
// One task reads at a time, and one sends; senders queue up and send whole.
// Closing wakes all of them, and their next try says "socket is closed".

#ifndef LEV_NET_CONNECTION_H_
#define LEV_NET_CONNECTION_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/loop/step.h"
#include "lev/net/address.h"
#include "lev/net/fd_stream.h"
#include "lev/net/owned_fd.h"
#include "lev/net/replay_stream.h"
#include "lev/net/retry_timer.h"
#include "lev/net/stream.h"
#include "lev/net/stream_reader.h"

namespace lev {

class Connection {
 public:
  // `scratch` is shared by the connections of one loop (StreamReader).
  Connection(EventLoop& loop, OwnedFd fd, absl::Span<char> scratch,
             FdStream::Kind kind = FdStream::Kind::kSocket);
  // Closes. Nobody may be waiting.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Begins on the first call, and asks how far it is on the next ones. While a
  // UNIX listener's queue is full, begins again now and then. Until it is over
  // everybody else is told "busy": the kernel tells only once why it failed.
  Step Connect(const Address& peer);
  // It has begun, and is not over.
  bool connecting() const { return connecting_; }

  // Puts another stream, which `make` builds upon the one it is given, between
  // this socket and its users (TLS). What has arrived and was not taken belongs
  // to the new stream. Until EndUpgrade everybody is told "busy".
  using MakeStream =
      absl::FunctionRef<std::unique_ptr<Stream>(Stream& beneath)>;
  void BeginUpgrade(MakeStream make);
  void EndUpgrade() { upgrade_->complete = true; }
  bool upgraded() const { return upgrade_ != nullptr && upgrade_->complete; }
  // The stream that was put there, or null.
  Stream* upper() const {
    return upgrade_ == nullptr ? nullptr : upgrade_->upper.get();
  }
  // One of its own attempts (a handshake) as a step.
  Step ToStep(IoResult result);

  // Someone else is in the middle of reading. `mine`: this is the retry of a
  // read that was blocked, which keeps its place.
  bool ReadBusy(bool mine) { return !mine && watch_.readers().occupied(); }
  // Someone is in the middle of sending, or will be.
  bool SendBusy() const { return sender_ != nullptr; }

  // StreamReader's steps. The end of the file is "closed".
  Step RecvSome(size_t max, absl::string_view& data);
  Step RecvExactly(size_t size, absl::string_view& data);
  Step RecvUntil(absl::string_view delimiter, size_t max,
                 absl::string_view& data);
  // Gets more into reader().buffered().
  Step Fill();
  // Gets all until the end of the file there. Failed, with nothing taken, if
  // that is more than `max` bytes: "output is larger than N bytes".
  Step FillToEnd(size_t max);
  StreamReader& reader() { return reader_; }
  // What only a descriptor can do (FdStream::KeepFds).
  FdStream& descriptor() { return stream_; }
  bool keeps_fds() const { return stream_.keeps_fds(); }
  bool passes_fds() const {
    return upgrade_ == nullptr && kind() == FdStream::Kind::kUnixSocket;
  }
  FdStream::Kind kind() const { return stream_.kind(); }

  // Sends data from `sent` on, and counts there, until all has gone.
  // `sender` identifies the sending across tries; a newcomer (`mine` false)
  // waits behind those who came before.
  Step Send(const void* sender, bool mine, absl::string_view data,
            size_t& sent);

  // The same for `count` bytes of the file `file` from `offset` on. Done early
  // at the end of the file.
  Step SendFile(const void* sender, bool mine, int file, uint64_t offset,
                uint64_t count, uint64_t& sent);

  // The same with descriptors, which go with the first byte; `data` is not
  // empty, and the socket one of the UNIX domain.
  Step SendFds(const void* sender, bool mine, absl::string_view data,
               absl::Span<const int> fds, size_t& sent);

  // The sending is over, done or given up: the next in the queue may begin.
  void EndSend(const void* sender);
  // `sender`, wherever it was in the queue, has gone without EndSend.
  void LoseSender(const void* sender);

  // Half-closes: SHUT_RD, SHUT_WR, SHUT_RDWR.
  absl::Status Shutdown(int how);

  // An upper stream says goodbye, if there is room for that, and goes.
  // Idempotent.
  void Close();

  // Gives the descriptor away; afterwards this is closed.
  OwnedFd Release();

  bool is_open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  FdRef ref() const { return fd_.ref(); }
  const absl::Status& error() const { return error_; }

 private:
  class ConnectQueue final : public WaitList {
   public:
    explicit ConnectQueue(EventLoop& loop)
        : timer_(loop, [this] { FireAll(); }) {}
    void RetryAfter(Nanos delay) { timer_.Start(delay); }
    std::string Describe() const override { return "room in the queue"; }

   private:
    RetryTimer timer_;
  };

  class SendQueue final : public WaitList {
   public:
    std::string Describe() const override { return "its turn to send"; }
  };

  struct Upgrade {
    Upgrade(std::string early, Stream& stream)
        : beneath(std::move(early), stream) {}
    ReplayStream beneath;
    std::unique_ptr<Stream> upper;
    bool complete = false;
  };

  bool upgrading() const { return upgrade_ != nullptr && !upgrade_->complete; }
  bool usable() const { return is_open() && !connecting_ && !upgrading(); }
  Stream& stream() { return upgrade_ == nullptr ? stream_ : *upper(); }
  Step Unusable();
  bool TakesTurn(const void* sender, bool mine);
  Step AwaitTurn();
  Step QueueUp();
  void StopWaiting();
  Step MoveFile(int file, off_t from, size_t most, size_t& moved);
  Step Fail(absl::Status error);
  Step ToReadStep(IoResult result);
  Step WaitOn(WaitList& list, bool ready = false);

  OwnedFd fd_;
  FdWatch watch_;
  FdStream stream_;
  StreamReader reader_;
  absl::Status error_;
  const void* sender_ = nullptr;
  std::unique_ptr<SendQueue> send_queue_;  // Once somebody had to queue.
  std::unique_ptr<ConnectQueue> connect_queue_;
  std::unique_ptr<Upgrade> upgrade_;
  bool connecting_ = false;
  bool connected_ = false;  // By Connect.
};

}  // namespace lev

#endif  // LEV_NET_CONNECTION_H_
