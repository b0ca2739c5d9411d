// Writes a whole file: at once, as far as anybody can see.
//
// The bytes go to a new file beside the old one, to the disk, and then take
// its name: whoever opens the file, now or after the machine has lost power,
// finds the old bytes or the new ones. The new file has no name at all until
// it is complete, where the filesystem can do that (O_TMPFILE); elsewhere it
// is called ".lev-" and a random number.
//
// A failed or abandoned writer leaves the old file and nothing else. If its
// process is killed between the file's first name and its last, that stays.

#ifndef LEV_FILE_FILE_WRITER_H_
#define LEV_FILE_FILE_WRITER_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lev/file/file_backend.h"
#include "lev/file/file_call.h"
#include "lev/loop/step.h"
#include "lev/net/owned_fd.h"

namespace lev {

class FileWriter {
 public:
  struct Options {
    // Otherwise the old file is emptied and written.
    bool atomic = true;
    // To the disk before it is done.
    bool sync = true;
    // Of a new file, less the umask. None: as the old file, or 0644.
    std::optional<mode_t> mode = std::nullopt;
  };

  FileWriter(FileBackend& files, absl::string_view path, Options options);
  // Gives up. Nobody may be waiting.
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  // A step, with the same data each time.
  Step Write(absl::string_view data);

  // Leaves nothing behind, as soon as what is on its way is done. Idempotent.
  void GiveUp();

  const absl::Status& error() const { return error_; }

 private:
  enum class Stage : uint8_t {
    kLook,         // What is there?
    kOpenInPlace,  // Not atomic.
    kOpenNameless,
    kOpenTemporary,  // Where files have names.
    kChmod,
    kWrite,
    kSync,
    kLink,  // Nameless becomes temporary.
    kRename,
    kOpenDirectory,  // Its entries must reach the disk, too.
    kSyncDirectory,
    kDone,
    kFailed,
  };

  FileCallPtr Begin(absl::string_view data);
  void End(FileCall& call, absl::string_view data);
  void Looked(const FileCall& call);
  void Opened(FileCall& call);
  void Written(absl::string_view data);
  void Linked(int64_t result);
  bool NameIsTaken(int64_t result);
  void Fail(int64_t result);
  void NewTemporaryName();

  FileBackend& files_;
  const std::string path_;
  const std::string directory_;
  const Options options_;
  Stage stage_ = Stage::kLook;
  mode_t mode_;
  bool keeps_mode_ = false;  // The old file's.
  bool seeks_ = true;
  bool has_name_ = false;  // The temporary one, perhaps.
  std::string temporary_;
  OwnedFd fd_;
  OwnedFd directory_fd_;
  size_t written_ = 0;
  FileCallPtr call_;
  absl::Status error_;
};

}  // namespace lev

#endif  // LEV_FILE_FILE_WRITER_H_
