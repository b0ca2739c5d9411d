// LEV_CHECK: an invariant of lev itself, or of a C++ caller's contract.
//
// A failed check ends the process with the broken sentence on stderr. It is
// never used for anything that input, a peer or Lua code can bring about:
// those get an error value.

#ifndef LEV_LOOP_CHECK_H_
#define LEV_LOOP_CHECK_H_

#include <cstdio>
#include <cstdlib>

namespace lev::internal {

[[noreturn]] inline void CheckFailed(const char* what, const char* file,
                                     int line) {
  std::fprintf(stderr, "lev: check failed at %s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace lev::internal

#define LEV_CHECK(condition, sentence)                              \
  (__builtin_expect(!(condition), 0)                                \
       ? ::lev::internal::CheckFailed(sentence, __FILE__, __LINE__) \
       : static_cast<void>(0))

#endif  // LEV_LOOP_CHECK_H_
