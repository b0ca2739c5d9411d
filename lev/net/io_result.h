// What one attempt at input or output came to.
//
// Would-block is not an error: it says which way the attempt is blocked, and
// the caller parks on that direction and tries again.

#ifndef LEV_NET_IO_RESULT_H_
#define LEV_NET_IO_RESULT_H_

#include <cstddef>
#include <cstdint>

namespace lev {

// How much one step moves before it lets others run.
constexpr size_t kMostPerStep = 1 << 20;

struct IoResult {
  enum class Kind : uint8_t {
    kDone,       // `bytes` were moved; a read of none is the end of the file.
    kWantRead,   // Try again when the descriptor is readable.
    kWantWrite,  // Try again when it is writable.
    kPaused,     // Moved much, and could go on: try again after the others.
    kFailed,     // The stream's error() says why.
  };

  Kind kind = Kind::kDone;
  size_t bytes = 0;

  static IoResult Done(size_t bytes) { return {Kind::kDone, bytes}; }
  static IoResult WantRead() { return {Kind::kWantRead, 0}; }
  static IoResult WantWrite() { return {Kind::kWantWrite, 0}; }
  static IoResult Paused() { return {Kind::kPaused, 0}; }
  static IoResult Failed() { return {Kind::kFailed, 0}; }

  bool done() const { return kind == Kind::kDone; }
  bool end_of_file() const { return done() && bytes == 0; }
  bool failed() const { return kind == Kind::kFailed; }
};

}  // namespace lev

#endif  // LEV_NET_IO_RESULT_H_
