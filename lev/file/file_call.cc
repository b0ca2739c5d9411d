#include "lev/file/file_call.h"

#include "absl/strings/str_cat.h"
#include "lev/file/file_backend.h"

namespace lev {
namespace {

const char* NameOf(FileCall::Kind kind) {
  static const char* const kNames[] = {"open",  "close", "read",   "write",
                                       "sync",  "sync",  "stat",   "truncate",
                                       "chmod", "link",  "rename", "unlink"};
  return kNames[static_cast<int>(kind)];
}

std::string Text(absl::string_view text) { return std::string(text); }

}  // namespace

void AbandonFileCall::operator()(FileCall* call) const {
  // Whoever waits tries again, and finds out.
  call->FireAll();
  if (call->running()) {
    call->backend_->Abandon(*call);
  } else {
    delete call;
  }
}

FileCallPtr FileCall::Make(Kind kind, int fd) {
  FileCallPtr call(new FileCall(kind));
  call->request_.fd = fd;
  return call;
}

FileCallPtr FileCall::Make(Kind kind, absl::string_view path) {
  FileCallPtr call(new FileCall(kind));
  call->request_.path = Text(path);
  return call;
}

FileCallPtr FileCall::Open(absl::string_view path, int flags, mode_t mode) {
  FileCallPtr call = Make(Kind::kOpen, path);
  call->request_.flags = flags;
  call->request_.mode = mode;
  return call;
}

FileCallPtr FileCall::Close(int fd) { return Make(Kind::kClose, fd); }

FileCallPtr FileCall::Read(int fd, int64_t offset, size_t size) {
  FileCallPtr call = Make(Kind::kRead, fd);
  call->request_.offset = offset;
  call->request_.size = size;
  call->request_.buffer.reset(new char[size]);
  return call;
}

FileCallPtr FileCall::Write(int fd, int64_t offset, absl::string_view data) {
  FileCallPtr call = Make(Kind::kWrite, fd);
  call->request_.offset = offset;
  call->request_.size = data.size();
  call->request_.buffer.reset(new char[data.size()]);
  data.copy(call->request_.buffer.get(), data.size());
  return call;
}

FileCallPtr FileCall::WriteRest(FileCall& before, size_t done) {
  FileRequest& old = before.request_;
  FileCallPtr call = Make(Kind::kWrite, old.fd);
  const bool moves = old.offset == FileRequest::kItsPosition;
  call->request_.offset =
      moves ? old.offset : old.offset + static_cast<int64_t>(done);
  call->request_.begin = old.begin + done;
  call->request_.size = old.size - done;
  call->request_.buffer = std::move(old.buffer);
  return call;
}

FileCallPtr FileCall::Sync(int fd, bool data_only) {
  return Make(data_only ? Kind::kDataSync : Kind::kSync, fd);
}

FileCallPtr FileCall::Stat(int fd) { return Make(Kind::kStat, fd); }

FileCallPtr FileCall::StatPath(absl::string_view path) {
  return Make(Kind::kStat, path);
}

FileCallPtr FileCall::Truncate(int fd, int64_t size) {
  FileCallPtr call = Make(Kind::kTruncate, fd);
  call->request_.offset = size;
  return call;
}

FileCallPtr FileCall::Chmod(int fd, mode_t mode) {
  FileCallPtr call = Make(Kind::kChmod, fd);
  call->request_.mode = mode;
  return call;
}

FileCallPtr FileCall::AddName(absl::string_view path, absl::string_view to) {
  FileCallPtr call = Make(Kind::kLink, path);
  call->request_.to = Text(to);
  return call;
}

FileCallPtr FileCall::Rename(absl::string_view path, absl::string_view to) {
  FileCallPtr call = Make(Kind::kRename, path);
  call->request_.to = Text(to);
  return call;
}

FileCallPtr FileCall::Unlink(absl::string_view path) {
  return Make(Kind::kUnlink, path);
}

std::string FileCall::Describe() const {
  const std::string name = NameOf(kind());
  if (request_.path.empty()) {
    return absl::StrCat("the ", name, " of fd ", request_.fd);
  }
  return absl::StrCat("the ", name, " of ", request_.path);
}

}  // namespace lev
