// Tells whether a file has changed since it was read.

#ifndef LEV_NET_FILE_STAMP_H_
#define LEV_NET_FILE_STAMP_H_

#include <sys/stat.h>

#include <string>

namespace lev {

struct FileStamp {
  // Of the file as it is now; all zero if there is none.
  static FileStamp Of(const std::string& path) {
    struct stat status;
    if (stat(path.c_str(), &status) != 0) return {};
    return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size,
            status.st_ino};
  }

  friend bool operator==(const FileStamp&, const FileStamp&) = default;

  time_t seconds = 0;
  long nanos = 0;  // NOLINT: timespec's type.
  off_t size = 0;
  ino_t inode = 0;
};

}  // namespace lev

#endif  // LEV_NET_FILE_STAMP_H_
