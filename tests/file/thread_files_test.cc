#include "lev/file/thread_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/file/file_world.h"

namespace lev {
namespace {

class ThreadFilesTest : public testing::Test {
 protected:
  ThreadFilesTest() { mkfifo(fifo_.c_str(), 0600); }

  // Blocks a thread until Unblock.
  FileCallPtr Block() {
    FileCallPtr call = FileCall::Open(fifo_, O_RDONLY | O_CLOEXEC, 0);
    files_->Start(*call);
    return call;
  }
  void Unblock() { writer_ = OwnedFd(open(fifo_.c_str(), O_RDWR | O_CLOEXEC)); }

  TempDirectory directory_;
  const std::string fifo_ = directory_.Path("fifo");
  RealWorld world_;
  std::unique_ptr<ThreadFiles> files_ =
      ThreadFiles::Create(world_.loop()).value();
  OwnedFd writer_;
};

TEST_F(ThreadFilesTest, StartsNoThreadBeforeTheFirstCall) {
  EXPECT_EQ(files_->threads(), 0u);
  const FileCallPtr call = Block();
  EXPECT_EQ(files_->threads(), 1u);
  Unblock();
}

TEST_F(ThreadFilesTest, StartsAThreadOnlyWhenNoneIsIdle) {
  for (int i = 0; i < 20; ++i) {
    const FileCallPtr call = FileCall::StatPath("/");
    world_.NewPlayer().Do([&](bool retry) {
      if (!retry) files_->Start(*call);
      return call->complete() ? Step::Done() : Step::Blocked(*call);
    });
    world_.Run();
  }
  EXPECT_LE(files_->threads(), 2u);
}

TEST_F(ThreadFilesTest, StartsNoMoreThanFour) {
  std::vector<FileCallPtr> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(Block());
  EXPECT_EQ(files_->threads(), ThreadFiles::kMostThreads);
  Unblock();
}

TEST_F(ThreadFilesTest, WhatNoThreadHasTakenIsCancelledAtOnce) {
  std::vector<FileCallPtr> calls;
  for (size_t i = 0; i < ThreadFiles::kMostThreads; ++i) {
    calls.push_back(Block());
  }
  const std::string path = directory_.Path("never");
  FileCallPtr call = FileCall::Open(path, O_RDWR | O_CREAT, 0600);
  files_->Start(*call);
  call.reset();
  Unblock();
  calls.clear();
  files_.reset();
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace lev
