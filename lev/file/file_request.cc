#include "lev/file/file_request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

namespace lev {
namespace {

using Kind = FileRequest::Kind;

ssize_t Read(FileRequest& request) {
  char* const to = request.buffer.get();
  if (request.offset == FileRequest::kItsPosition) {
    return read(request.fd, to, request.size);
  }
  return pread(request.fd, to, request.size, request.offset);
}

ssize_t Write(const FileRequest& request) {
  const char* const from = request.buffer.get() + request.begin;
  if (request.offset == FileRequest::kItsPosition) {
    return write(request.fd, from, request.size);
  }
  return pwrite(request.fd, from, request.size, request.offset);
}

int Stat(FileRequest& request) {
  const bool named = !request.path.empty();
  return statx(named ? AT_FDCWD : request.fd, request.path.c_str(),
               named ? 0 : AT_EMPTY_PATH, STATX_BASIC_STATS, &request.info);
}

int64_t Call(FileRequest& request) {
  switch (request.kind) {
    case Kind::kOpen:
      return open(request.path.c_str(), request.flags, request.mode);
    case Kind::kClose:
      return close(request.fd);
    case Kind::kRead:
      return Read(request);
    case Kind::kWrite:
      return Write(request);
    case Kind::kSync:
      return fsync(request.fd);
    case Kind::kDataSync:
      return fdatasync(request.fd);
    case Kind::kStat:
      return Stat(request);
    case Kind::kTruncate:
      return ftruncate(request.fd, request.offset);
    case Kind::kChmod:
      return fchmod(request.fd, request.mode);
    case Kind::kLink:
      return linkat(AT_FDCWD, request.path.c_str(), AT_FDCWD,
                    request.to.c_str(), AT_SYMLINK_FOLLOW);
    case Kind::kRename:
      return rename(request.path.c_str(), request.to.c_str());
    case Kind::kUnlink:
      return unlink(request.path.c_str());
  }
  return -1;
}

}  // namespace

int64_t Perform(FileRequest& request) {
  for (;;) {
    const int64_t result = Call(request);
    if (result >= 0) return result;
    // Linux has closed it by then.
    if (errno == EINTR && request.kind == Kind::kClose) return 0;
    if (errno != EINTR) return -errno;
  }
}

}  // namespace lev
