#include "lev/proc/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "lev/net/error.h"

namespace lev {
namespace {

struct Ends {
  OwnedFd reading;
  OwnedFd writing;
};

absl::StatusOr<Ends> OpenPipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return ErrnoError(errno);
  return Ends{OwnedFd(fds[0]), OwnedFd(fds[1])};
}

absl::StatusOr<Pipe> MakePipe(OwnedFd ours, OwnedFd childs) {
  if (fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) return ErrnoError(errno);
  return Pipe{std::move(ours), std::move(childs)};
}

absl::StatusOr<OwnedFd> Open(const char* path, int flags) {
  const int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd < 0) return ErrnoError(errno);
  return OwnedFd(fd);
}

}  // namespace

absl::StatusOr<Pipe> OpenPipeToChild() {
  absl::StatusOr<Ends> ends = OpenPipe();
  if (!ends.ok()) return ends.status();
  return MakePipe(std::move(ends->writing), std::move(ends->reading));
}

absl::StatusOr<Pipe> OpenPipeFromChild() {
  absl::StatusOr<Ends> ends = OpenPipe();
  if (!ends.ok()) return ends.status();
  return MakePipe(std::move(ends->reading), std::move(ends->writing));
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
