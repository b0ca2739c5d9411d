#include "lev/loop/fd_watch.h"

#include "absl/strings/str_cat.h"
#include "lev/loop/check.h"
#include "lev/loop/event_loop.h"

namespace lev {

std::string FdWatch::Direction::Describe() const {
  return absl::StrCat("fd ", fd_, " to be ", verb_);
}

FdWatch::~FdWatch() { Close(); }

void FdWatch::Open(EventLoop& loop, int fd) {
  LEV_CHECK(loop_ == nullptr, "FdWatch::Open called twice");
  loop_ = &loop;
  read_.fd_ = write_.fd_ = fd;
}

absl::Status FdWatch::RegisterNow() { return loop_->Register(*this); }

void FdWatch::Close() {
  if (loop_ == nullptr) return;
  loop_->Unregister(*this);
  loop_->FireAll(read_);
  loop_->FireAll(write_);
  loop_ = nullptr;
}

}  // namespace lev
