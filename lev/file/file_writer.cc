#include "lev/file/file_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lev/net/error.h"

namespace lev {
namespace {

constexpr size_t kMostPerCall = 1 << 20;
constexpr mode_t kUsualMode = 0644;

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Whether the filesystem, or the kernel, knows no files without a name.
bool LacksNameless(int64_t result) {
  return result == -EOPNOTSUPP || result == -EISDIR || result == -EINVAL;
}

}  // namespace

FileWriter::FileWriter(FileBackend& files, absl::string_view path,
                       Options options)
    : files_(files),
      path_(path),
      directory_(DirectoryOf(path_)),
      options_(options),
      mode_(options.mode.value_or(kUsualMode)) {
  NewTemporaryName();
}

FileWriter::~FileWriter() { GiveUp(); }

void FileWriter::NewTemporaryName() {
  uint64_t number = 0;
  // Fails for no size as small as this.
  static_cast<void>(!getrandom(&number, sizeof(number), 0));
  temporary_ = absl::StrCat(directory_, "/.lev-", absl::Hex(number));
}

Step FileWriter::Write(absl::string_view data) {
  while (stage_ != Stage::kDone && stage_ != Stage::kFailed) {
    if (call_ == nullptr) {
      call_ = Begin(data);
      files_.Start(*call_);
    }
    if (!call_->complete()) return Step::Blocked(*call_);
    const FileCallPtr call = std::move(call_);
    End(*call, data);
  }
  const bool done = stage_ == Stage::kDone;
  GiveUp();
  return done ? Step::Done() : Step::Failed();
}

// The call of the stage.
FileCallPtr FileWriter::Begin(absl::string_view data) {
  constexpr int kWrite = O_WRONLY | O_CLOEXEC | O_NOCTTY;
  switch (stage_) {
    case Stage::kLook:
      return FileCall::StatPath(path_);
    case Stage::kOpenInPlace:
      return FileCall::Open(path_, kWrite | O_CREAT | O_TRUNC, mode_);
    case Stage::kOpenNameless:
      return FileCall::Open(directory_, kWrite | O_TMPFILE, mode_);
    case Stage::kOpenTemporary:
      has_name_ = true;
      return FileCall::Open(temporary_, kWrite | O_CREAT | O_EXCL, mode_);
    case Stage::kChmod:
      return FileCall::Chmod(fd_.get(), mode_);
    case Stage::kWrite:
      return FileCall::Write(
          fd_.get(),
          seeks_ ? static_cast<int64_t>(written_) : FileRequest::kItsPosition,
          data.substr(written_, kMostPerCall));
    case Stage::kSync:
      return FileCall::Sync(fd_.get(), false);
    case Stage::kLink:
      has_name_ = true;
      return FileCall::AddName(absl::StrCat("/proc/self/fd/", fd_.get()),
                               temporary_);
    case Stage::kRename:
      return FileCall::Rename(temporary_, path_);
    case Stage::kOpenDirectory:
      return FileCall::Open(directory_, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    default:
      return FileCall::Sync(directory_fd_.get(), false);
  }
}

// The call of the stage is complete: on to the next one.
void FileWriter::End(FileCall& call, absl::string_view data) {
  const int64_t result = call.result();
  if (stage_ == Stage::kLook) return Looked(call);
  if (stage_ == Stage::kLink) return Linked(result);
  if (stage_ == Stage::kOpenNameless && LacksNameless(result)) {
    stage_ = Stage::kOpenTemporary;
    return;
  }
  if (stage_ == Stage::kOpenTemporary && NameIsTaken(result)) return;
  // The file is replaced all the same, where directories cannot be synced.
  const bool late = stage_ >= Stage::kOpenDirectory;
  if (late && (result == -EACCES || result == -EINVAL)) {
    stage_ = Stage::kDone;
    return;
  }
  if (result < 0) return Fail(result);
  switch (stage_) {
    case Stage::kWrite:
      if (result == 0) return Fail(-EIO);
      written_ += static_cast<size_t>(result);
      return Written(data);
    case Stage::kChmod:
      stage_ = Stage::kWrite;
      return Written(data);
    case Stage::kSync:
      stage_ = !options_.atomic ? Stage::kDone
               : has_name_      ? Stage::kRename
                                : Stage::kLink;
      return;
    case Stage::kRename:
      has_name_ = false;
      stage_ = options_.sync ? Stage::kOpenDirectory : Stage::kDone;
      return;
    case Stage::kOpenDirectory:
      directory_fd_ = call.TakeFd();
      stage_ = Stage::kSyncDirectory;
      return;
    case Stage::kSyncDirectory:
      stage_ = Stage::kDone;
      return;
    default:
      Opened(call);
      return Written(data);
  }
}

void FileWriter::Looked(const FileCall& call) {
  const auto kind = call.request().info.stx_mode;
  const bool exists = call.result() == 0;
  if (!exists && call.result() != -ENOENT) return Fail(call.result());
  if (exists && S_ISDIR(kind)) return Fail(-EISDIR);
  if (exists && !S_ISREG(kind) && !S_ISCHR(kind)) {
    error_ = InvalidError("not a regular file");
    stage_ = Stage::kFailed;
    return;
  }
  // A device is what it is, and not to be replaced.
  seeks_ = !exists || S_ISREG(kind);
  keeps_mode_ = exists && seeks_ && !options_.mode.has_value();
  if (keeps_mode_) mode_ = kind & 07777;
  const bool in_place = !options_.atomic || !seeks_;
  stage_ = in_place ? Stage::kOpenInPlace : Stage::kOpenNameless;
}

void FileWriter::Opened(FileCall& call) {
  fd_ = call.TakeFd();
  const bool anew = stage_ != Stage::kOpenInPlace;
  // What the umask has taken away from a mode that was there.
  stage_ = keeps_mode_ && anew ? Stage::kChmod : Stage::kWrite;
}

// All that is due has been written, or not yet.
void FileWriter::Written(absl::string_view data) {
  if (stage_ != Stage::kWrite || written_ < data.size()) return;
  const bool in_place = !options_.atomic || !seeks_;
  if (options_.sync && seeks_) {
    stage_ = Stage::kSync;
  } else if (in_place) {
    stage_ = Stage::kDone;
  } else {
    stage_ = has_name_ ? Stage::kRename : Stage::kLink;
  }
}

void FileWriter::Linked(int64_t result) {
  if (NameIsTaken(result)) return;
  if (result >= 0) {
    stage_ = Stage::kRename;
  } else if (result == -ENOENT) {
    // Without /proc: once more, with a name.
    has_name_ = false;
    files_.Forget(FileCall::Close(fd_.Release()));
    written_ = 0;
    stage_ = Stage::kOpenTemporary;
  } else {
    Fail(result);
  }
}

// Somebody else's file has the temporary name: another one.
bool FileWriter::NameIsTaken(int64_t result) {
  if (result != -EEXIST) return false;
  has_name_ = false;
  NewTemporaryName();
  return true;
}

void FileWriter::Fail(int64_t result) {
  error_ = ErrnoError(static_cast<int>(-result));
  stage_ = Stage::kFailed;
}

void FileWriter::GiveUp() {
  const FileCallPtr last = std::move(call_);
  std::vector<FileCallPtr> rest;
  if (std::exchange(has_name_, false)) {
    rest.push_back(FileCall::Unlink(temporary_));
  }
  for (OwnedFd* fd : {&fd_, &directory_fd_}) {
    if (fd->valid()) rest.push_back(FileCall::Close(fd->Release()));
  }
  for (FileCallPtr& call : rest) {
    if (last != nullptr && last->running()) {
      last->Follow(std::move(call));
    } else {
      files_.Forget(std::move(call));
    }
  }
  if (stage_ != Stage::kDone) stage_ = Stage::kFailed;
}

}  // namespace lev
