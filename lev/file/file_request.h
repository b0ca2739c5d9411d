// What is asked of the file system, and what it answered: plain data, which
// owns everything that the kernel may touch meanwhile.

#ifndef LEV_FILE_FILE_REQUEST_H_
#define LEV_FILE_FILE_REQUEST_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace lev {

struct FileRequest {
  enum class Kind : uint8_t {
    kOpen,      // path, flags, mode. Answers the descriptor.
    kClose,     // fd
    kRead,      // fd, offset, size bytes into the buffer. Answers how many.
    kWrite,     // fd, offset, size bytes of the buffer from `begin` on.
    kSync,      // fd
    kDataSync,  // fd; not what only tells about the file (its times).
    kStat,      // fd; or path, if it is not empty. Fills `info`.
    kTruncate,  // fd, to `offset` bytes.
    kChmod,     // fd, mode
    kLink,      // path of a descriptor (/proc/self/fd/N) gets the name `to`.
    kRename,    // path becomes `to`.
    kUnlink,    // path
  };

  // An offset: the descriptor's own position, which then moves.
  static constexpr int64_t kItsPosition = -1;

  Kind kind = Kind::kClose;
  int fd = -1;
  int flags = 0;
  mode_t mode = 0;
  int64_t offset = 0;
  size_t begin = 0;
  size_t size = 0;
  std::string path;
  std::string to;
  std::unique_ptr<char[]> buffer;
  struct statx info = {};
};

// Makes the system call, on this thread, which it may block. Answers what the
// kernel says; a negated errno if it failed.
int64_t Perform(FileRequest& request);

}  // namespace lev

#endif  // LEV_FILE_FILE_REQUEST_H_
