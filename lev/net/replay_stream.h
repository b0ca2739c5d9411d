// A stream that first gives back what was read from it too early.
//
// Beneath TLS it stands between the protocol and the descriptor: bytes that
// were received before the upgrade was asked for are the peer's ciphertext.

#ifndef LEV_NET_REPLAY_STREAM_H_
#define LEV_NET_REPLAY_STREAM_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/net/stream.h"

namespace lev {

class ReplayStream final : public Stream {
 public:
  // `stream` outlives this.
  ReplayStream(std::string early, Stream& stream)
      : early_(std::move(early)), stream_(stream) {}

  IoResult TryRead(absl::Span<char> out) override;
  IoResult TryWrite(absl::Span<const char> data) override {
    return stream_.TryWrite(data);
  }
  IoResult TryShutdownWrite() override { return stream_.TryShutdownWrite(); }
  int fd() const override { return stream_.fd(); }
  const absl::Status& error() const override { return stream_.error(); }

 private:
  std::string early_;
  size_t replayed_ = 0;  // Of them.
  Stream& stream_;
};

}  // namespace lev

#endif  // LEV_NET_REPLAY_STREAM_H_
