// The file backend of io_uring: the kernel makes the calls, with threads of its
// own where one would block.
//
// The ring is asked at once, and answers through an eventfd, like any other
// descriptor of the loop. What the kernel's ring has no call for (chmod, and
// truncate before Linux 6.9) goes to a few threads instead.

#ifndef LEV_FILE_URING_FILES_H_
#define LEV_FILE_URING_FILES_H_

#include <liburing.h>

#include <cstddef>
#include <deque>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/file/doorbell.h"
#include "lev/file/file_backend.h"
#include "lev/file/thread_files.h"
#include "lev/loop/event_loop.h"

namespace lev {

class UringFiles final : public FileBackend {
 public:
  // Error: "io_uring: " and why there can be none.
  static absl::StatusOr<std::unique_ptr<UringFiles>> Create(EventLoop& loop);
  ~UringFiles() override;

  const char* name() const override { return "io_uring"; }
  void Start(FileCall& call) override;

 private:
  explicit UringFiles(EventLoop& loop)
      : loop_(loop), doorbell_(loop, [this] { TakeAnswers(); }) {}

  absl::Status Open();
  absl::Status Probe();
  void Cancel(FileCall& call) override;
  bool Knows(const FileRequest& request) const;
  void StartElsewhere(FileCall& call);
  void Submit(FileCall& call);
  io_uring_sqe* NextEntry();
  void Enter();
  void TakeAnswers();

  EventLoop& loop_;
  io_uring ring_;  // Of open_.
  bool open_ = false;
  bool truncates_ = false;
  size_t in_flight_ = 0;           // Of the ring's entries.
  std::deque<FileCall*> waiting_;  // Until there is room in it.
  Doorbell doorbell_;
  std::unique_ptr<ThreadFiles> threads_;  // Once they are needed.
};

}  // namespace lev

#endif  // LEV_FILE_URING_FILES_H_
