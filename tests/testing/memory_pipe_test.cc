// Tests lev/testing/memory_handles.cc and lev/testing/memory_host_files.cc,
// too.

#include "lev/testing/memory_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/net/owned_fd.h"
#include "lev/testing/memory_handles.h"
#include "lev/testing/memory_host.h"
#include "tests/testing/memory_world.h"

namespace lev {
namespace {

class MemoryPipeTest : public ::testing::Test {
 protected:
  MemoryPipeTest() {
    int ends[2];
    EXPECT_EQ(world_.a.Pipe(ends), 0);
    reading_ = OwnedFd(ends[0], world_.a);
    writing_ = OwnedFd(ends[1], world_.a);
  }

  // How much was taken; or the error of errno, negative.
  ssize_t Write(absl::string_view data) {
    const ssize_t taken =
        world_.a.Write(writing_.get(), data.data(), data.size());
    return taken < 0 ? -errno : taken;
  }
  // What was read; an error in words of its number: "!11".
  std::string Read(size_t most = 100000) { return ReadFrom(reading_, most); }
  std::string ReadFrom(const OwnedFd& fd, size_t most = 100000) {
    std::string data(most, '\0');
    const ssize_t got = world_.a.Read(fd.get(), data.data(), most);
    if (got < 0) return "!" + std::to_string(errno);
    data.resize(got);
    return data;
  }

  MemoryWorld world_;
  OwnedFd reading_;
  OwnedFd writing_;
};

TEST_F(MemoryPipeTest, WhatIsWrittenIsRead) {
  EXPECT_EQ(Read(), MemoryWorld::kAgain);
  EXPECT_EQ(Write("hello"), 5);
  EXPECT_EQ(Read(2), "he");
  EXPECT_EQ(Read(), "llo");
  EXPECT_EQ(Read(), MemoryWorld::kAgain);
}

TEST_F(MemoryPipeTest, ItEndsWhenTheWriterIsGoneAndAllWasRead) {
  Write("rest");
  writing_.Close();
  EXPECT_EQ(Read(2), "re");
  EXPECT_EQ(Read(), "st");
  EXPECT_EQ(Read(), "");
}

TEST_F(MemoryPipeTest, NobodyWritesWhatNobodyReads) {
  reading_.Close();
  EXPECT_EQ(Write("lost"), -EPIPE);
}

TEST_F(MemoryPipeTest, SoMuchFitsAndWhatIsSmallIsNotTorn) {
  const std::string almost(MemoryPipeEnd::kCapacity - 10, 'x');
  EXPECT_EQ(Write(almost), static_cast<ssize_t>(almost.size()));
  EXPECT_EQ(Write(std::string(11, 'y')), -EAGAIN);
  EXPECT_EQ(Write(std::string(MemoryPipeEnd::kAtomic + 1, 'z')), 10);
  EXPECT_EQ(Write("x"), -EAGAIN);
  EXPECT_EQ(Read().size(), MemoryPipeEnd::kCapacity);
  EXPECT_EQ(Write("x"), 1);
}

TEST_F(MemoryPipeTest, EachEndDoesOneThing) {
  char byte = 0;
  EXPECT_EQ(world_.a.Read(writing_.get(), &byte, 1), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(world_.a.Write(reading_.get(), &byte, 1), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST_F(MemoryPipeTest, ItIsNoSocket) {
  sockaddr_storage name;
  socklen_t size = sizeof(name);
  auto* const address = reinterpret_cast<sockaddr*>(&name);
  EXPECT_EQ(world_.a.LocalName(reading_.get(), address, &size), -1);
  EXPECT_EQ(errno, ENOTSOCK);
}

TEST_F(MemoryPipeTest, AnEndIsOpenUntilItsLastNumberIsClosed) {
  OwnedFd copy(world_.a.Duplicate(writing_.get()), world_.a);
  EXPECT_EQ(world_.a.open_descriptors(), 3U);
  writing_.Close();
  EXPECT_EQ(Read(), MemoryWorld::kAgain);
  copy.Close();
  EXPECT_EQ(Read(), "");
}

TEST_F(MemoryPipeTest, BothEndsCountAmongTheDescriptors) {
  world_.a.SetDescriptorLimit(3);
  int ends[2];
  EXPECT_EQ(world_.a.Pipe(ends), -1);
  EXPECT_EQ(errno, EMFILE);
  EXPECT_GE(OwnedFd(world_.a.Socket(AF_INET, SOCK_STREAM), world_.a).get(), 0);
  reading_.Close();
  writing_.Close();
  EXPECT_EQ(world_.a.open_descriptors(), 0U);
}

TEST_F(MemoryPipeTest, ACrashLeavesNothing) {
  world_.a.Crash();
  EXPECT_EQ(world_.a.open_descriptors(), 0U);
  EXPECT_EQ(Write("x"), -EBADF);
}

TEST_F(MemoryPipeTest, AFileOfTheRealMachineIsReadAndWritten) {
  MemoryFile null(OwnedFd(open("/dev/null", O_RDWR | O_CLOEXEC)));
  char bytes[] = "bytes";
  EXPECT_EQ(null.Write(bytes), static_cast<ssize_t>(sizeof(bytes)));
  EXPECT_EQ(null.Read(absl::MakeSpan(bytes)), 0);
  MemoryFile closed((OwnedFd()));
  EXPECT_EQ(closed.Read(absl::MakeSpan(bytes)), -EBADF);
}

TEST_F(MemoryPipeTest, AScreenKeepsWhatIsWrittenAndNobodyTypes) {
  std::string text;
  const OwnedFd screen(world_.a.Open(std::make_unique<MemoryScreen>(text)),
                       world_.a);
  EXPECT_EQ(world_.a.Write(screen.get(), "hello", 5), 5);
  EXPECT_EQ(text, "hello");
  EXPECT_EQ(ReadFrom(screen), "");
}

}  // namespace
}  // namespace lev
