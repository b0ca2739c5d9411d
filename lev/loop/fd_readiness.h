// What is known of a descriptor's readiness between two edges.
//
// The loop sets these flags when an edge arrives, whether or not anybody
// waits; whoever makes the system calls clears them when it learns that the
// kernel has nothing (or no room) left. While a flag is clear, a system call
// would only say EAGAIN, and is saved.

#ifndef LEV_LOOP_FD_READINESS_H_
#define LEV_LOOP_FD_READINESS_H_

namespace lev {

struct FdReadiness {
  bool readable = true;
  bool writable = true;
  // Set once the peer hung up or urgent data came: from then on only EAGAIN
  // itself proves that nothing is left to read, a short read does not.
  bool exceptional = false;
};

}  // namespace lev

#endif  // LEV_LOOP_FD_READINESS_H_
