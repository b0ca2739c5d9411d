// Who makes the calls of the file system: a small interface with three bodies.
//
//   UringFiles   io_uring, where the kernel has it and allows it.
//   ThreadFiles  a few threads, everywhere else.
//   SyncFiles    this thread, at once: for virtual time, where nothing may
//                come from outside, and the loop does not wait for it.
//
// The first two pass one contract test, tests/file/file_backend_test.cc.
// A backend belongs to one loop and its thread. Destroying it finishes what
// has begun; all who hold calls have let go of them before.

#ifndef LEV_FILE_FILE_BACKEND_H_
#define LEV_FILE_FILE_BACKEND_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "lev/file/file_call.h"
#include "lev/loop/event_loop.h"

namespace lev {

class FileBackend {
 public:
  FileBackend() = default;
  FileBackend(const FileBackend&) = delete;
  FileBackend& operator=(const FileBackend&) = delete;
  virtual ~FileBackend() = default;

  // "io_uring", "threads", "sync".
  virtual const char* name() const = 0;

  // Begins `call`, which has not begun. It is complete in a turn of the loop,
  // or already now.
  virtual void Start(FileCall& call) = 0;

  // Begins `call`, and lets nobody wait for it.
  void Forget(FileCallPtr call) { Start(*call); }

 protected:
  // `call` has begun, on this backend.
  void Began(FileCall& call);
  // It is over: those who wait are woken, or, abandoned, what follows begins.
  void Complete(FileCall& call, int64_t result);
  // Nothing has begun and is not over.
  bool idle() const { return !running_.linked(); }
  static FileRequest& RequestOf(FileCall& call) { return call.request_; }
  static bool IsAbandoned(const FileCall& call) { return call.abandoned_; }

 private:
  friend struct AbandonFileCall;

  // If it can be done: `call`, which runs, is complete early, then or later.
  virtual void Cancel(FileCall& call) = 0;

  void Abandon(FileCall& call);

  Link running_;
};

enum class FileBackendKind : uint8_t { kBest, kUring, kThreads, kSync };

// kBest: io_uring, or else threads; and SyncFiles if the loop's poller watches
// no real descriptors (FakePoller). Errors: why the kernel refuses.
absl::StatusOr<std::unique_ptr<FileBackend>> MakeFileBackend(
    EventLoop& loop, FileBackendKind kind = FileBackendKind::kBest);

}  // namespace lev

#endif  // LEV_FILE_FILE_BACKEND_H_
