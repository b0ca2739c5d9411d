// The contract of all that make calls of the file system.
// Tests lev/file/file_call.cc and lev/file/file_request.cc, too.

#include "lev/file/file_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/file/file_call.h"
#include "tests/file/file_world.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

constexpr int kCreate = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;

class FileBackendTest : public testing::TestWithParam<FileBackendKind> {
 protected:
  TempDirectory directory_;
  FileWorld world_{GetParam()};
};

TEST_P(FileBackendTest, WritesAndReadsWhereItIsToldTo) {
  const std::string path = directory_.Path("file");
  const OwnedFd fd = world_.Open(path, kCreate);
  ASSERT_TRUE(fd.valid());
  EXPECT_EQ(world_.Do(FileCall::Write(fd.get(), 0, "hello world")), 11);
  EXPECT_EQ(world_.Do(FileCall::Write(fd.get(), 6, "there")), 5);
  std::string text;
  world_.Await(world_.NewPlayer(), FileCall::Read(fd.get(), 4, 100),
               [&](FileCall& read) { text = std::string(read.data()); });
  world_.Run();
  EXPECT_EQ(text, "o there");
  EXPECT_EQ(TextOf(path), "hello there");
}

TEST_P(FileBackendTest, ReadsNothingAtTheEnd) {
  const OwnedFd fd = world_.Open(directory_.Add("file", "text"), O_RDONLY);
  EXPECT_EQ(world_.Do(FileCall::Read(fd.get(), 4, 10)), 0);
  EXPECT_EQ(world_.Do(FileCall::Read(fd.get(), 1000, 10)), 0);
}

TEST_P(FileBackendTest, UsesTheDescriptorsPositionIfAskedTo) {
  const OwnedFd fd = world_.Open(directory_.Add("file", "abcdef"), O_RDONLY);
  const int64_t its = FileRequest::kItsPosition;
  EXPECT_EQ(world_.Do(FileCall::Read(fd.get(), its, 4)), 4);
  EXPECT_EQ(world_.Do(FileCall::Read(fd.get(), its, 4)), 2);
  EXPECT_EQ(world_.Do(FileCall::Read(fd.get(), its, 4)), 0);
}

TEST_P(FileBackendTest, AppendsWhereTheFileEnds) {
  const std::string path = directory_.Add("file", "one ");
  const OwnedFd fd = world_.Open(path, O_WRONLY | O_APPEND);
  const int64_t its = FileRequest::kItsPosition;
  EXPECT_EQ(world_.Do(FileCall::Write(fd.get(), its, "two")), 3);
  EXPECT_EQ(TextOf(path), "one two");
}

TEST_P(FileBackendTest, SaysWhatTheKernelSays) {
  const std::string none = directory_.Path("none");
  EXPECT_EQ(world_.Do(FileCall::Open(none, O_RDONLY, 0)), -ENOENT);
  EXPECT_EQ(world_.Do(FileCall::StatPath(none)), -ENOENT);
  EXPECT_EQ(world_.Do(FileCall::Unlink(none)), -ENOENT);
  EXPECT_EQ(world_.Do(FileCall::Rename(none, none + "2")), -ENOENT);
  EXPECT_EQ(world_.Do(FileCall::Read(-1, 0, 1)), -EBADF);
  const OwnedFd full = world_.Open("/dev/full", O_WRONLY);
  EXPECT_EQ(world_.Do(FileCall::Write(full.get(), 0, "x")), -ENOSPC);
}

TEST_P(FileBackendTest, TellsAboutFiles) {
  const std::string path = directory_.Add("file", "12345");
  const OwnedFd fd = world_.Open(path, O_RDONLY);
  uint64_t size = 0;
  uint64_t size_by_name = 0;
  Player& player = world_.NewPlayer();
  world_.Await(player, FileCall::Stat(fd.get()), [&](FileCall& stat) {
    EXPECT_TRUE(S_ISREG(stat.request().info.stx_mode));
    size = stat.request().info.stx_size;
  });
  world_.Await(player, FileCall::StatPath(path), [&](FileCall& stat) {
    size_by_name = stat.request().info.stx_size;
  });
  world_.Run();
  EXPECT_EQ(size, 5u);
  EXPECT_EQ(size_by_name, 5u);
}

TEST_P(FileBackendTest, TruncatesSyncsAndChangesTheMode) {
  const std::string path = directory_.Add("file", "12345");
  const OwnedFd fd = world_.Open(path, O_RDWR);
  EXPECT_EQ(world_.Do(FileCall::Truncate(fd.get(), 2)), 0);
  EXPECT_EQ(world_.Do(FileCall::Sync(fd.get(), false)), 0);
  EXPECT_EQ(world_.Do(FileCall::Sync(fd.get(), true)), 0);
  EXPECT_EQ(world_.Do(FileCall::Chmod(fd.get(), 0600)), 0);
  EXPECT_EQ(TextOf(path), "12");
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

TEST_P(FileBackendTest, RenamesAndRemoves) {
  const std::string path = directory_.Add("file", "text");
  const std::string other = directory_.Path("other");
  EXPECT_EQ(world_.Do(FileCall::Rename(path, other)), 0);
  EXPECT_EQ(TextOf(other), "text");
  EXPECT_EQ(world_.Do(FileCall::Unlink(other)), 0);
  EXPECT_EQ(directory_.size(), 0u);
}

TEST_P(FileBackendTest, NamesAFileThatHadNone) {
  const std::string here = directory_.Path(".");
  const OwnedFd fd = world_.Open(here, O_TMPFILE | O_WRONLY);
  if (!fd.valid()) GTEST_SKIP() << "no nameless files here";
  EXPECT_EQ(world_.Do(FileCall::Write(fd.get(), 0, "text")), 4);
  EXPECT_EQ(directory_.size(), 0u);
  const std::string self = "/proc/self/fd/" + std::to_string(fd.get());
  EXPECT_EQ(world_.Do(FileCall::AddName(self, directory_.Path("file"))), 0);
  EXPECT_EQ(TextOf(directory_.Path("file")), "text");
}

TEST_P(FileBackendTest, ManyCallsAtOnceAllComeBack) {
  constexpr int kCalls = 500;
  const OwnedFd fd = world_.Open(directory_.Path("file"), kCreate);
  std::vector<int> done(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    const std::string text = std::to_string(1000 + i);
    world_.Await(world_.NewPlayer(), FileCall::Write(fd.get(), 4 * i, text),
                 [&done, i](FileCall& write) {
                   done[i] = static_cast<int>(write.result());
                 });
  }
  world_.Run();
  EXPECT_THAT(done, testing::Each(4));
  const std::string text = TextOf(directory_.Path("file"));
  EXPECT_EQ(text.substr(4 * 123, 4), "1123");
  EXPECT_EQ(text.size(), 4u * kCalls);
}

TEST_P(FileBackendTest, TheLoopTurnsWhileACallBlocks) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const OwnedFd reader(ends[0]);
  const OwnedFd writer(ends[1]);
  const int64_t its = FileRequest::kItsPosition;
  int64_t result = 0;
  world_.Await(world_.NewPlayer(), FileCall::Read(reader.get(), its, 10),
               [&](FileCall& read) { result = read.result(); });
  world_.NewPlayer().Sleep(10 * kMillisecond).Call([&] {
    EXPECT_EQ(result, 0);
    EXPECT_EQ(write(writer.get(), "text", 4), 4);
  });
  world_.Run();
  EXPECT_EQ(result, 4);
}

TEST_P(FileBackendTest, WhoWaitsCanGoAway) {
  const OwnedFd fd = world_.Open(directory_.Add("file", "text"), O_RDONLY);
  FileCallPtr read = FileCall::Read(fd.get(), 0, 1 << 20);
  FileCall& call = *read;
  Player& player = world_.NewPlayer().Do([&](bool retry) {
    if (!retry) world_.files().Start(call);
    return Step::Blocked(call);
  });
  world_.NewPlayer().Call([&] {
    world_.Destroy(player);
    read.reset();
  });
  world_.Run();
  world_.EndFiles();
}

TEST_P(FileBackendTest, WhatAnAbandonedCallOpensIsClosed) {
  const std::string path = directory_.Add("file", "text");
  const size_t before = CountOpenFds();
  {
    FileWorld world(GetParam());
    for (int i = 0; i < 50; ++i) {
      const FileCallPtr call = FileCall::Open(path, O_RDONLY, 0);
      world.files().Start(*call);
    }
  }
  EXPECT_EQ(CountOpenFds(), before);
}

TEST_P(FileBackendTest, WhatIsToFollowAnAbandonedCallFollows) {
  const std::string path = directory_.Add("file", "text");
  const std::string other = directory_.Path("other");
  FileCallPtr call = FileCall::Rename(path, other);
  call->Follow(FileCall::Unlink(other));
  world_.files().Start(*call);
  call.reset();
  world_.EndFiles();
  EXPECT_EQ(directory_.size(), 0u);
}

TEST_P(FileBackendTest, WhatHasBegunIsFinishedAtTheEnd) {
  const std::string path = directory_.Path("file");
  OwnedFd fd = world_.Open(path, kCreate);
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) {
    world_.files().Forget(FileCall::Write(fd.get(), i << 20, block));
  }
  world_.EndFiles();
  EXPECT_EQ(TextOf(path).size(), 20u << 20);
}

TEST_P(FileBackendTest, NothingOfItIsLeft) {
  const size_t before = CountOpenFds();
  {
    FileWorld world(GetParam());
    const OwnedFd fd = world.Open(directory_.Path("file"), kCreate);
    world.Do(FileCall::Chmod(fd.get(), 0600));
  }
  EXPECT_EQ(CountOpenFds(), before);
}

TEST_P(FileBackendTest, WithoutDescriptorsThereIsNone) {
  RealWorld world;
  std::string refusal;
  {
    const NoFreeFds none;
    const auto files = MakeFileBackend(world.loop(), GetParam());
    refusal = std::string(files.status().message());
  }
  EXPECT_THAT(refusal, testing::HasSubstr("Too many open files"));
}

std::string NameOf(const testing::TestParamInfo<FileBackendKind>& info) {
  return info.param == FileBackendKind::kUring ? "Uring" : "Threads";
}

std::vector<FileBackendKind> Bodies() {
  RealWorld world;
  std::vector<FileBackendKind> bodies = {FileBackendKind::kThreads};
  const auto uring = MakeFileBackend(world.loop(), FileBackendKind::kUring);
  if (uring.ok()) bodies.push_back(FileBackendKind::kUring);
  return bodies;
}

INSTANTIATE_TEST_SUITE_P(All, FileBackendTest, testing::ValuesIn(Bodies()),
                         NameOf);

TEST(MakeFileBackendTest, TakesTheBestThereIs) {
  RealWorld world;
  const std::string best = Bodies().size() == 2 ? "io_uring" : "threads";
  EXPECT_EQ(MakeFileBackend(world.loop()).value()->name(), best);
}

}  // namespace
}  // namespace lev
