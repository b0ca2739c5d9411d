// A byte stream that never blocks: five methods.
//
// Everything above (readers, TLS, connections) is written against this, and
// therefore also runs over bytes in memory. A descriptor (FdStream), a pair in
// memory (MemoryStream) and TLS over either are streams, and pass the same
// contract test, tests/net/stream_contract_test.cc.

#ifndef LEV_NET_STREAM_H_
#define LEV_NET_STREAM_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/net/io_result.h"

namespace lev {

class Stream {
 public:
  virtual ~Stream() = default;

  // Moves up to out.size() bytes, at least one unless the peer has shut down.
  // `out` is not empty.
  virtual IoResult TryRead(absl::Span<char> out) = 0;

  // Moves up to data.size() bytes, at least one. Empty `data` flushes: done
  // when the stream itself holds nothing back of what it took before.
  virtual IoResult TryWrite(absl::Span<const char> data) = 0;

  // Tells the peer that nothing more will be written.
  virtual IoResult TryShutdownWrite() = 0;

  // The descriptor beneath, to wait on; negative if there is none.
  virtual int fd() const = 0;

  // Why the last attempt failed. OK before any did.
  virtual const absl::Status& error() const = 0;
};

}  // namespace lev

#endif  // LEV_NET_STREAM_H_
