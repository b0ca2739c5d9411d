#include "lev/file/uring_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lev/loop/check.h"
#include "lev/net/error.h"

namespace lev {
namespace {

using Kind = FileRequest::Kind;

// Entries of the ring: more calls than that wait for room.
constexpr unsigned kEntries = 64;

// IORING_OP_FTRUNCATE, which older headers do not know.
constexpr int kOpTruncate = 55;

absl::Status Refused(int error) {
  return absl::UnavailableError(
      absl::StrCat("io_uring: ", ErrnoError(error).message()));
}

struct FreeProbe {
  void operator()(io_uring_probe* probe) const { io_uring_free_probe(probe); }
};

// Not `offset`: that is a field of the operating system's choosing.
uint64_t OffsetOf(const FileRequest& request) {
  return static_cast<uint64_t>(request.offset);
}

void PrepareStat(io_uring_sqe* entry, FileRequest& request) {
  const bool named = !request.path.empty();
  io_uring_prep_statx(entry, named ? AT_FDCWD : request.fd,
                      request.path.c_str(), named ? 0 : AT_EMPTY_PATH,
                      STATX_BASIC_STATS, &request.info);
}

void PrepareTruncate(io_uring_sqe* entry, const FileRequest& request) {
  memset(entry, 0, sizeof(*entry));
  entry->opcode = kOpTruncate;
  entry->fd = request.fd;
  entry->off = OffsetOf(request);
}

// Those of Kind that have to do with names.
void PrepareNamed(io_uring_sqe* entry, const FileRequest& request) {
  const char* const path = request.path.c_str();
  const char* const to = request.to.c_str();
  if (request.kind == Kind::kOpen) {
    io_uring_prep_openat(entry, AT_FDCWD, path, request.flags, request.mode);
  } else if (request.kind == Kind::kLink) {
    io_uring_prep_linkat(entry, AT_FDCWD, path, AT_FDCWD, to,
                         AT_SYMLINK_FOLLOW);
  } else if (request.kind == Kind::kRename) {
    io_uring_prep_renameat(entry, AT_FDCWD, path, AT_FDCWD, to, 0);
  } else {
    io_uring_prep_unlinkat(entry, AT_FDCWD, path, 0);
  }
}

void Prepare(io_uring_sqe* entry, FileRequest& request) {
  const auto size = static_cast<unsigned>(request.size);
  char* const bytes = request.buffer.get() + request.begin;
  switch (request.kind) {
    case Kind::kRead:
      return io_uring_prep_read(entry, request.fd, bytes, size,
                                OffsetOf(request));
    case Kind::kWrite:
      return io_uring_prep_write(entry, request.fd, bytes, size,
                                 OffsetOf(request));
    case Kind::kSync:
      return io_uring_prep_fsync(entry, request.fd, 0);
    case Kind::kDataSync:
      return io_uring_prep_fsync(entry, request.fd, IORING_FSYNC_DATASYNC);
    case Kind::kStat:
      return PrepareStat(entry, request);
    case Kind::kTruncate:
      return PrepareTruncate(entry, request);
    case Kind::kClose:
      io_uring_prep_close(entry, request.fd);
      // The last close of a file that has no name any more frees its blocks:
      // not on this thread.
      return io_uring_sqe_set_flags(entry, IOSQE_ASYNC);
    default:
      return PrepareNamed(entry, request);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<UringFiles>> UringFiles::Create(
    EventLoop& loop) {
  std::unique_ptr<UringFiles> files(new UringFiles(loop));
  const absl::Status opened = files->Open();
  if (!opened.ok()) return opened;
  return files;
}

absl::Status UringFiles::Open() {
  const int made = io_uring_queue_init(kEntries, &ring_, 0);
  if (made < 0) return Refused(-made);
  open_ = true;
  const absl::Status probed = Probe();
  if (!probed.ok()) return probed;
  const absl::Status bell = doorbell_.Open();
  if (!bell.ok()) return bell;
  const int registered = io_uring_register_eventfd(&ring_, doorbell_.fd());
  return registered < 0 ? Refused(-registered) : absl::OkStatus();
}

absl::Status UringFiles::Probe() {
  constexpr int kNeeded[] = {IORING_OP_OPENAT,   IORING_OP_CLOSE,
                             IORING_OP_READ,     IORING_OP_WRITE,
                             IORING_OP_FSYNC,    IORING_OP_STATX,
                             IORING_OP_RENAMEAT, IORING_OP_LINKAT,
                             IORING_OP_UNLINKAT, IORING_OP_ASYNC_CANCEL};
  const std::unique_ptr<io_uring_probe, FreeProbe> probe(
      io_uring_get_probe_ring(&ring_));
  if (probe == nullptr) return Refused(ENOSYS);
  for (const int operation : kNeeded) {
    if (io_uring_opcode_supported(probe.get(), operation)) continue;
    return absl::UnavailableError(absl::StrCat(
        "io_uring: the kernel is too old, it lacks operation ", operation));
  }
  truncates_ = io_uring_opcode_supported(probe.get(), kOpTruncate);
  return absl::OkStatus();
}

UringFiles::~UringFiles() {
  while (!idle()) {
    io_uring_cqe* entry;
    static_cast<void>(io_uring_wait_cqe(&ring_, &entry));
    TakeAnswers();
  }
  // What they finish may be followed by more.
  threads_.reset();
  if (open_) io_uring_queue_exit(&ring_);
}

bool UringFiles::Knows(const FileRequest& request) const {
  if (request.kind == Kind::kTruncate) return truncates_;
  return request.kind != Kind::kChmod;
}

void UringFiles::Start(FileCall& call) {
  if (!Knows(call.request())) return StartElsewhere(call);
  Began(call);
  if (in_flight_ < kEntries) return Submit(call);
  waiting_.push_back(&call);
}

void UringFiles::StartElsewhere(FileCall& call) {
  if (threads_ == nullptr) {
    auto threads = ThreadFiles::Create(loop_);
    if (!threads.ok()) {
      Began(call);
      return Complete(call, -ErrnoOf(threads.status()));
    }
    threads_ = *std::move(threads);
  }
  threads_->Start(call);
}

// Each call is submitted as it comes, so there is always room.
io_uring_sqe* UringFiles::NextEntry() {
  io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
  LEV_CHECK(entry != nullptr, "the submission queue is full");
  return entry;
}

void UringFiles::Enter() {
  for (;;) {
    const int submitted = io_uring_submit(&ring_);
    if (submitted >= 0) return;
    // The kernel has no memory for it just now.
    LEV_CHECK(
        submitted == -EAGAIN || submitted == -EBUSY || submitted == -EINTR,
        "io_uring takes no submissions");
    sched_yield();
  }
}

void UringFiles::Submit(FileCall& call) {
  io_uring_sqe* const entry = NextEntry();
  Prepare(entry, RequestOf(call));
  io_uring_sqe_set_data(entry, &call);
  ++in_flight_;
  Enter();
}

void UringFiles::Cancel(FileCall& call) {
  const auto found = std::find(waiting_.begin(), waiting_.end(), &call);
  if (found != waiting_.end()) {
    waiting_.erase(found);
    return Complete(call, -ECANCELED);
  }
  io_uring_sqe* const entry = NextEntry();
  io_uring_prep_cancel(entry, &call, 0);
  // Its own answer is for nobody.
  io_uring_sqe_set_data(entry, nullptr);
  Enter();
}

void UringFiles::TakeAnswers() {
  io_uring_cqe* entry;
  while (io_uring_peek_cqe(&ring_, &entry) == 0) {
    auto* const call = static_cast<FileCall*>(io_uring_cqe_get_data(entry));
    const int result = entry->res;
    io_uring_cqe_seen(&ring_, entry);
    if (call == nullptr) continue;
    --in_flight_;
    const bool closed = result == -EINTR && call->kind() == Kind::kClose;
    // Interrupted, by a signal to the kernel's thread, before it began.
    if (result == -EINTR && !closed && !IsAbandoned(*call)) {
      Submit(*call);
    } else {
      Complete(*call, closed ? 0 : result);
    }
  }
  while (!waiting_.empty() && in_flight_ < kEntries) {
    FileCall* const call = waiting_.front();
    waiting_.pop_front();
    Submit(*call);
  }
}

}  // namespace lev
