// The stream over a descriptor: recv(2) and send(2) for a socket, read(2) and
// write(2) for a pipe, a terminal or a file.
//
// Borrows the descriptor, and the FdReadiness in which the loop and this
// stream tell each other what is known: a system call that could only say
// EAGAIN is not made.

#ifndef LEV_NET_FD_STREAM_H_
#define LEV_NET_FD_STREAM_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/loop/fd_readiness.h"
#include "lev/net/owned_fd.h"
#include "lev/net/socket_calls.h"
#include "lev/net/stream.h"

namespace lev {

class FdStream final : public Stream {
 public:
  enum class Kind : uint8_t {
    kSocket,      // A read that gets less than it wants has drained it.
    kUnixSocket,  // Not so here: reads end where descriptors were passed.
    kPipe,        // Nor here: a terminal gives line by line.
    kShared,      // Any of these, and a call may block: others use it, too,
                  // who would not expect that it does not.
  };

  FdStream(FdRef fd, FdReadiness& readiness, Kind kind = Kind::kSocket)
      : readiness_(readiness), fd_(fd), kind_(kind) {}

  IoResult TryRead(absl::Span<char> out) override;
  IoResult TryWrite(absl::Span<const char> data) override;
  IoResult TryShutdownWrite() override;
  int fd() const override { return fd_.get(); }
  const absl::Status& error() const override { return error_; }
  Kind kind() const { return kind_; }
  bool sends_files() const {
    return kind_ != Kind::kPipe && kind_ != Kind::kShared;
  }

  // sendfile(2): moves up to `count` bytes of `file` from `offset` on; none at
  // the end of the file.
  IoResult TrySendFile(int file, off_t offset, size_t count);

  // sendmsg(2) with descriptors, which go with the first byte of `data`.
  IoResult TryWriteWithFds(absl::Span<const char> data,
                           absl::Span<const int> fds);

  // From now on descriptors sent by the peer are kept, beside the bytes;
  // before, the kernel drops them.
  void KeepFds() { kept_ = std::make_unique<KeptFds>(); }
  bool keeps_fds() const { return kept_ != nullptr; }
  // Those received so far. `lost`: there were more than could be opened.
  std::vector<OwnedFd> TakeFds(bool& lost);

 private:
  struct KeptFds {
    std::vector<OwnedFd> fds;
    bool lost = false;
  };
  // A peer that sends more than that unasked has no good intentions.
  static constexpr size_t kMostKept = 1024;

  ssize_t Read(absl::Span<char> out);
  ssize_t Write(absl::Span<const char> data);
  template <typename Call>
  IoResult Move(Call call);
  IoResult Fail(int code);

  FdReadiness& readiness_;
  absl::Status error_;
  std::unique_ptr<KeptFds> kept_;
  const FdRef fd_;
  const Kind kind_;
};

}  // namespace lev

#endif  // LEV_NET_FD_STREAM_H_
