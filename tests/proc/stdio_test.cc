#include "lev/proc/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "tests/support/descriptors.h"
#include "tests/support/programs.h"

namespace lev {
namespace {

bool IsNonBlocking(const OwnedFd& fd) {
  return (fcntl(fd.get(), F_GETFL) & O_NONBLOCK) != 0;
}

bool IsCloseOnExec(const OwnedFd& fd) {
  return (fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0;
}

void ExpectPipe(const Pipe& pipe) {
  EXPECT_TRUE(IsNonBlocking(pipe.ours));
  EXPECT_FALSE(IsNonBlocking(pipe.childs));
  EXPECT_TRUE(IsCloseOnExec(pipe.ours));
  EXPECT_TRUE(IsCloseOnExec(pipe.childs));
}

void Write(const OwnedFd& fd, const std::string& text) {
  EXPECT_EQ(write(fd.get(), text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
}

std::string Read(const OwnedFd& fd) {
  char buffer[100];
  const ssize_t size = read(fd.get(), buffer, sizeof(buffer));
  return std::string(buffer, size > 0 ? static_cast<size_t>(size) : 0);
}

TEST(StdioTest, OfAPipeToTheChildTheChildReads) {
  const Pipe pipe = *OpenPipeToChild();
  ExpectPipe(pipe);
  Write(pipe.ours, "text");
  EXPECT_EQ(Read(pipe.childs), "text");
}

TEST(StdioTest, OfAPipeFromTheChildTheChildWrites) {
  const Pipe pipe = *OpenPipeFromChild();
  ExpectPipe(pipe);
  Write(pipe.childs, "text");
  EXPECT_EQ(Read(pipe.ours), "text");
}

TEST(StdioTest, WithoutDescriptorsThereIsNoPipe) {
  const size_t before = CountOpenFds();
  {
    const NoFreeFds none;
    EXPECT_EQ(ErrnoOf(OpenPipeToChild().status()), EMFILE);
    EXPECT_EQ(ErrnoOf(OpenPipeFromChild().status()), EMFILE);
    EXPECT_EQ(ErrnoOf(OpenNull().status()), EMFILE);
  }
  EXPECT_EQ(CountOpenFds(), before);
}

TEST(StdioTest, AFileIsReadWrittenAndAppendedTo) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/file";
  Write(*OpenFile(path, FileMode::kWrite), "long text");
  Write(*OpenFile(path, FileMode::kWrite), "one,");
  Write(*OpenFile(path, FileMode::kAppend), "two");
  const OwnedFd file = *OpenFile(path, FileMode::kRead);
  EXPECT_TRUE(IsCloseOnExec(file));
  EXPECT_EQ(Read(file), "one,two");
}

TEST(StdioTest, AFileThatIsNotThereIsAnError) {
  const ScratchFolder folder;
  const auto file = OpenFile(folder.path() + "/none", FileMode::kRead);
  EXPECT_EQ(ErrnoOf(file.status()), ENOENT);
}

TEST(StdioTest, AZeroByteIsNotTakenForTheEndOfAName) {
  const auto file = OpenFile(std::string("a\0b", 3), FileMode::kWrite);
  EXPECT_EQ(file.status().message(), "the file's name contains a zero byte");
}

TEST(StdioTest, NothingComesAndEverythingVanishes) {
  const OwnedFd null = *OpenNull();
  Write(null, "text");
  EXPECT_EQ(Read(null), "");
}

}  // namespace
}  // namespace lev
