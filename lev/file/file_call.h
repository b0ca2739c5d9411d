// A call of the file system that is made off the loop, and what one waits for
// until it has come back.
//
// Who started a call holds it by a FileCallPtr, parks on it (it is a WaitList
// that fires once), and then looks at result(). Letting go of the pointer
// earlier abandons the call: reads and looks are cancelled if that can still
// be done, all else is finished; what it opened is closed, what was to follow
// it follows, and what the kernel may touch lives until the kernel is done.
//
// Everything here belongs to the loop's thread; the thread or the kernel that
// makes the call has only the request, until it answers.

#ifndef LEV_FILE_FILE_CALL_H_
#define LEV_FILE_FILE_CALL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "lev/file/file_request.h"
#include "lev/loop/waiter.h"
#include "lev/net/owned_fd.h"

namespace lev {

class FileBackend;
class FileCall;

struct AbandonFileCall {
  void operator()(FileCall* call) const;
};
using FileCallPtr = std::unique_ptr<FileCall, AbandonFileCall>;

class FileCall final : public WaitList, private Link {
 public:
  using Kind = FileRequest::Kind;

  static FileCallPtr Open(absl::string_view path, int flags, mode_t mode);
  static FileCallPtr Close(int fd);
  static FileCallPtr Read(int fd, int64_t offset, size_t size);
  static FileCallPtr Write(int fd, int64_t offset, absl::string_view data);
  // What `before`, which is complete, has left when it wrote `done` bytes.
  static FileCallPtr WriteRest(FileCall& before, size_t done);
  static FileCallPtr Sync(int fd, bool data_only);
  static FileCallPtr Stat(int fd);
  static FileCallPtr StatPath(absl::string_view path);
  static FileCallPtr Truncate(int fd, int64_t size);
  static FileCallPtr Chmod(int fd, mode_t mode);
  static FileCallPtr AddName(absl::string_view path, absl::string_view to);
  static FileCallPtr Rename(absl::string_view path, absl::string_view to);
  static FileCallPtr Unlink(absl::string_view path);

  bool running() const { return backend_ != nullptr; }
  bool complete() const { return complete_; }
  // Once complete: not negative, or a negated errno.
  int64_t result() const { return result_; }
  Kind kind() const { return request_.kind; }
  const FileRequest& request() const { return request_; }
  // What an open has opened.
  OwnedFd TakeFd() { return std::move(opened_); }
  // What a read has read.
  absl::string_view data() const {
    return {request_.buffer.get(), static_cast<size_t>(result_)};
  }

  // To be started, and forgotten, when this one has been abandoned and is
  // over. In this order.
  void Follow(FileCallPtr call) { after_.push_back(std::move(call)); }

  std::string Describe() const override;

 private:
  friend class FileBackend;
  friend struct AbandonFileCall;

  explicit FileCall(Kind kind) : WaitList(Origin::kOutside) {
    request_.kind = kind;
  }
  static FileCallPtr Make(Kind kind, int fd);
  static FileCallPtr Make(Kind kind, absl::string_view path);

  FileRequest request_;
  int64_t result_ = 0;
  FileBackend* backend_ = nullptr;  // While it runs.
  OwnedFd opened_;
  bool complete_ = false;
  bool abandoned_ = false;
  std::vector<FileCallPtr> after_;
};

}  // namespace lev

#endif  // LEV_FILE_FILE_CALL_H_
