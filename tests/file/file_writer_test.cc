#include "lev/file/file_writer.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "lev/file/file_backend.h"
#include "lev/net/error.h"
#include "tests/file/file_world.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

using Options = FileWriter::Options;

class FileWriterTest : public testing::TestWithParam<FileBackendKind> {
 protected:
  // Whether it was written.
  bool Write(const std::string& path, const std::string& text,
             Options options = {}) {
    FileWriter writer(world_.files(), path, options);
    Player& player =
        world_.NewPlayer().Do([&](bool) { return writer.Write(text); });
    world_.Run();
    error_ = writer.error();
    return !player.failed();
  }

  mode_t ModeOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(stat(path.c_str(), &info), 0);
    return info.st_mode & 07777;
  }

  TempDirectory directory_;
  FileWorld world_{GetParam()};
  absl::Status error_;
};

TEST_P(FileWriterTest, WritesANewFileAndReplacesIt) {
  const std::string path = directory_.Path("file");
  const std::string big(5 << 20, 'x');
  EXPECT_TRUE(Write(path, big));
  EXPECT_EQ(TextOf(path), big);
  EXPECT_TRUE(Write(path, "small"));
  EXPECT_EQ(TextOf(path), "small");
  EXPECT_TRUE(Write(path, ""));
  EXPECT_EQ(TextOf(path), "");
  EXPECT_EQ(directory_.size(), 1u);
}

TEST_P(FileWriterTest, WhoHasTheOldFileOpenKeepsIt) {
  const std::string path = directory_.Add("file", "old");
  std::ifstream old(path);
  EXPECT_TRUE(Write(path, "new", {.sync = false}));
  std::string text;
  old >> text;
  EXPECT_EQ(text, "old");
  EXPECT_EQ(TextOf(path), "new");
}

TEST_P(FileWriterTest, WritesInPlaceIfAskedTo) {
  const std::string path = directory_.Add("file", "the old text");
  const std::string other = directory_.Path("other");
  ASSERT_EQ(link(path.c_str(), other.c_str()), 0);
  EXPECT_TRUE(Write(path, "new", {.atomic = false}));
  EXPECT_EQ(TextOf(other), "new");
}

TEST_P(FileWriterTest, KeepsTheModeOfTheOldFile) {
  const std::string path = directory_.Add("file", "old");
  chmod(path.c_str(), 0666);
  EXPECT_TRUE(Write(path, "new"));
  EXPECT_EQ(ModeOf(path), 0666u);
  EXPECT_TRUE(Write(path, "new", {.mode = 0600}));
  EXPECT_EQ(ModeOf(path), 0600u);
}

TEST_P(FileWriterTest, WritesToDevicesAsTheyAre) {
  EXPECT_TRUE(Write("/dev/null", "text"));
  EXPECT_FALSE(Write("/dev/full", "text"));
  EXPECT_EQ(ErrnoOf(error_), ENOSPC);
  struct stat info = {};
  ASSERT_EQ(stat("/dev/null", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
}

TEST_P(FileWriterTest, SaysWhyItCannot) {
  EXPECT_FALSE(Write(directory_.Path("none/file"), "text"));
  EXPECT_EQ(ErrnoOf(error_), ENOENT);
  EXPECT_FALSE(Write(directory_.Path("."), "text"));
  EXPECT_EQ(ErrnoOf(error_), EISDIR);
  const std::string fifo = directory_.Path("fifo");
  mkfifo(fifo.c_str(), 0600);
  EXPECT_FALSE(Write(fifo, "text"));
  EXPECT_EQ(error_.message(), "not a regular file");
}

// Given up after each number of tries there is.
TEST_P(FileWriterTest, GivenUpItLeavesTheOldOrTheNewFile) {
  const std::string path = directory_.Add("file", "old");
  const std::string big(3 << 20, 'x');
  const size_t before = CountOpenFds();
  bool done = false;
  for (int tries = 1; !done && tries < 100; ++tries) {
    FileWorld world(GetParam());
    FileWriter writer(world.files(), path, {});
    int left = tries;
    world.NewPlayer().Do([&](bool) {
      const Step step = writer.Write(big);
      done = step.done();
      return --left == 0 ? Step::Done() : step;
    });
    world.Run();
    writer.GiveUp();
    world.EndFiles();
    EXPECT_EQ(directory_.size(), 1u) << tries;
    const std::string text = TextOf(path);
    EXPECT_TRUE(text == "old" || text == big) << tries;
  }
  EXPECT_TRUE(done);
  EXPECT_EQ(CountOpenFds(), before);
}

// The child writes the file over and over, until it is killed.
void WriteForEver(FileBackendKind kind, const std::string& path) {
  FileWorld world(kind);
  for (char letter = 'a';; letter = letter == 'z' ? 'a' : letter + 1) {
    FileWriter writer(world.files(), path, {.sync = false});
    const std::string text(300000, letter);
    world.NewPlayer().Do([&](bool) { return writer.Write(text); });
    world.Run();
  }
}

TEST_P(FileWriterTest, KilledItLeavesTheOldOrTheNewFile) {
  const std::string path = directory_.Add("file", std::string(300000, 'A'));
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) WriteForEver(GetParam(), path);
    usleep(3000 + i * 1111);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const std::string text = TextOf(path);
    ASSERT_EQ(text.size(), 300000u);
    EXPECT_EQ(text, std::string(300000, text[0]));
  }
}

std::string NameOf(const testing::TestParamInfo<FileBackendKind>& info) {
  return info.param == FileBackendKind::kBest ? "Best" : "Threads";
}

INSTANTIATE_TEST_SUITE_P(All, FileWriterTest,
                         testing::Values(FileBackendKind::kBest,
                                         FileBackendKind::kThreads),
                         NameOf);

}  // namespace
}  // namespace lev
