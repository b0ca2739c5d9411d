// An open file: what was asked of it is done off the loop, in order.
//
// Every verb is a step, as in lev/net/connection.h: it makes progress, or names
// the WaitList on which to park before it is tried again; one that failed says
// why in error(). A call that makes steps has the file to itself from Enter to
// Leave; others wait for their turn, in order.
//
// Reads and writes share one position, as in C. Reads run ahead; a write or a
// seek forgets what was read too much. What was read and not taken when a call
// was given up is there for the next one. Writes are not held back: a piece on
// its way is finished even if its writer has gone, and the next verb says so
// if that fails.
//
// Files and block devices go through the backend. What can be polled (FIFOs,
// terminals) is read and written when it is ready, as pipes are.

#ifndef LEV_FILE_FILE_H_
#define LEV_FILE_FILE_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/file/block_stream.h"
#include "lev/file/file_backend.h"
#include "lev/file/file_call.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/loop/step.h"
#include "lev/net/fd_stream.h"
#include "lev/net/owned_fd.h"
#include "lev/net/stream_reader.h"

namespace lev {

// "file is closed": this side has closed it.
const absl::Status& FileClosedError();

class File {
 public:
  // `files` outlives it; `scratch` is shared by the readers of one loop.
  File(EventLoop& loop, FileBackend& files, absl::Span<char> scratch);
  // Closes. Nobody may be waiting.
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Waits for the turn of `user`, who identifies a call across tries; `mine`:
  // it was blocked before. Failed once the file is closed.
  Step Enter(const void* user, bool mine);
  // The call is over, done or given up: the next one may begin.
  void Leave(const void* user);
  // `user`, wherever it was in the queue, has gone without Leave.
  void Lose(const void* user);

  // open(2), with O_CLOEXEC. A FIFO is opened without waiting for the other
  // side; to write, ENXIO says that nobody reads.
  Step Open(absl::string_view path, int flags, mode_t mode);
  // The same for a regular file that others have opened, and share. Not
  // `seeks`: it is read and written where they are.
  void Adopt(OwnedFd fd, bool seeks);

  // The next bytes, at most `max`; none at the end of the file.
  Step ReadSome(size_t max, absl::string_view& data);
  // So many bytes, or what there is before the end of the file.
  Step ReadExactly(size_t size, absl::string_view& data);
  // A line with its newline, which the last one may lack.
  Step ReadLine(absl::string_view& data);
  // Everything up to the end of the file.
  Step ReadAll(absl::string_view& data);
  // Whether anything is left to read.
  Step FindEnd(bool& at_end);

  // Writes data from `sent` on, and counts there, until all is written. Given
  // up in between, what was counted will be.
  Step Write(absl::string_view data, size_t& sent);
  // Done when nothing is on its way.
  Step Flush();

  // SEEK_SET, SEEK_CUR, SEEK_END.
  Step Seek(int whence, int64_t offset, int64_t& position);
  Step GetSize(int64_t& size);
  Step Truncate(int64_t size);
  Step Sync(bool data_only);

  // At once; the system call follows when what is on its way is done.
  // Idempotent.
  void Close();

  bool is_open() const { return fd_.valid(); }
  // Open has succeeded, or Adopt, and the file may have been closed since.
  bool has_opened() const { return has_opened_; }
  int fd() const { return fd_.get(); }
  const absl::Status& error() const { return error_; }

 private:
  class Line final : public WaitList {
   public:
    explicit Line(const char* what) : what_(what) {}
    std::string Describe() const override { return what_; }

   private:
    const char* const what_;
  };
  using MakeCall = absl::FunctionRef<FileCallPtr()>;

  Stream& stream();
  Step Ready();
  Step Await(MakeCall make);
  Step Fail(absl::Status error);
  Step FailWith(int error);
  Step ToStep(IoResult result);
  void Opened(const struct statx& info, int flags);
  bool Poll();
  void UseStream();
  void ForgetReadAhead();

  EventLoop& loop_;
  FileBackend& files_;
  const absl::Span<char> scratch_;
  OwnedFd fd_;
  FdWatch watch_;
  std::optional<FdStream> pipe_;
  std::optional<BlockStream> block_;
  std::optional<StreamReader> reader_;
  FileCallPtr call_;    // Of a verb that neither reads nor writes.
  bool stale_ = false;  // Who has made it has gone.
  bool has_opened_ = false;
  bool closed_ = false;
  const void* user_ = nullptr;
  Line queue_{"its turn with a file"};
  Line pause_{"its turn"};
  absl::Status error_;
};

}  // namespace lev

#endif  // LEV_FILE_FILE_H_
