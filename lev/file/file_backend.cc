#include "lev/file/file_backend.h"

#include <utility>

#include "absl/status/status.h"
#include "lev/file/sync_files.h"
#include "lev/file/thread_files.h"
#include "lev/file/uring_files.h"

namespace lev {
namespace {

using Kind = FileRequest::Kind;

// Whether nobody would miss its effect.
bool OnlyLooks(const FileRequest& request) {
  return request.kind == Kind::kRead || request.kind == Kind::kStat ||
         request.kind == Kind::kOpen;
}

}  // namespace

void FileBackend::Began(FileCall& call) {
  call.backend_ = this;
  call.InsertBefore(running_);
}

void FileBackend::Abandon(FileCall& call) {
  call.abandoned_ = true;
  if (OnlyLooks(call.request())) Cancel(call);
}

void FileBackend::Complete(FileCall& call, int64_t result) {
  static_cast<Link&>(call).Unlink();
  call.backend_ = nullptr;
  call.result_ = result;
  call.complete_ = true;
  const bool opened = call.kind() == Kind::kOpen && result >= 0;
  if (opened) call.opened_ = OwnedFd(static_cast<int>(result));
  if (!call.abandoned_) return call.FireAll();
  const FileCallPtr owned(&call);
  if (opened) Forget(FileCall::Close(call.opened_.Release()));
  for (FileCallPtr& next : call.after_) Forget(std::move(next));
}

absl::StatusOr<std::unique_ptr<FileBackend>> MakeFileBackend(
    EventLoop& loop, FileBackendKind kind) {
  if (kind == FileBackendKind::kSync) return std::make_unique<SyncFiles>();
  if (kind != FileBackendKind::kThreads) {
    auto uring = UringFiles::Create(loop);
    if (uring.ok() || kind == FileBackendKind::kUring) return uring;
  }
  auto threads = ThreadFiles::Create(loop);
  // The poller knows no such descriptor, although it is open.
  const bool fake = absl::IsFailedPrecondition(threads.status());
  if (fake && kind == FileBackendKind::kBest) {
    return std::make_unique<SyncFiles>();
  }
  return threads;
}

}  // namespace lev
