#include "lev/proc/stdio.h"

#include <errno.h>
#include <fcntl.h>

#include <utility>

#include "lev/net/error.h"

namespace lev {
namespace {

enum End { kReading, kWriting };

absl::StatusOr<Pipe> OpenPipe(ProcessCalls& calls, End ours) {
  int ends[] = {-1, -1};
  const int result = calls.OpenPipe(ends, ours);
  const int code = errno;
  SocketCalls& descriptors = calls.descriptors();
  Pipe pipe = {OwnedFd(ends[ours], descriptors),
               OwnedFd(ends[1 - ours], descriptors)};
  if (result != 0) return ErrnoError(code);
  return pipe;
}

absl::StatusOr<OwnedFd> Open(const char* path, int flags) {
  const int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd < 0) return ErrnoError(errno);
  return OwnedFd(fd);
}

}  // namespace

absl::StatusOr<Pipe> OpenPipeToChild(ProcessCalls& calls) {
  return OpenPipe(calls, kWriting);
}

absl::StatusOr<Pipe> OpenPipeFromChild(ProcessCalls& calls) {
  return OpenPipe(calls, kReading);
}

absl::StatusOr<OwnedFd> OpenFile(const std::string& path, FileMode mode) {
  if (path.find('\0') != std::string::npos) {
    return InvalidError("the file's name contains a zero byte");
  }
  switch (mode) {
    case FileMode::kRead:
      return Open(path.c_str(), O_RDONLY);
    case FileMode::kWrite:
      return Open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
    case FileMode::kAppend:
      return Open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND);
  }
  return InvalidError("a file is read, written or appended to");
}

absl::StatusOr<OwnedFd> OpenNull() { return Open("/dev/null", O_RDWR); }

}  // namespace lev
