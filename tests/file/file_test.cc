// Tests lev/file/file.cc and lev/file/block_stream.cc over each backend.

#include "lev/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "tests/file/file_world.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

using ::testing::ElementsAre;

class FileTest : public testing::TestWithParam<FileBackendKind> {
 protected:
  ~FileTest() override { world_.Run(); }

  std::unique_ptr<File> NewFile() {
    return std::make_unique<File>(world_.loop(), world_.files(),
                                  world_.scratch());
  }

  // `player` makes the step in its turn.
  Player& Use(Player& player, File& file, std::function<Step()> step) {
    return player.Do([&player, &file, step](bool retry) {
      const Step entered = file.Enter(&player, retry);
      if (!entered.done()) return entered;
      const Step made = step();
      if (!made.blocked()) file.Leave(&player);
      return made;
    });
  }

  // With nothing else going on. Whether it succeeded.
  bool Do(File& file, const std::function<Step()>& step) {
    Player& player = Use(world_.NewPlayer(), file, step);
    world_.Run();
    return !player.failed();
  }

  std::unique_ptr<File> Open(const std::string& path, int flags) {
    auto file = NewFile();
    EXPECT_TRUE(Do(*file, [&] { return file->Open(path, flags, 0644); }))
        << file->error();
    return file;
  }

  // Appends a piece of at most `size` bytes to `text`.
  std::function<Step()> Reads(File& file, size_t size, std::string& text) {
    return [&file, size, &text] {
      absl::string_view data;
      const Step step = file.ReadExactly(size, data);
      if (step.done()) text.append(data.data(), data.size());
      return step;
    };
  }
  std::string Read(File& file, size_t size) {
    std::string text;
    EXPECT_TRUE(Do(file, Reads(file, size, text))) << file.error();
    return text;
  }

  size_t Write(File& file, const std::string& text) {
    size_t sent = 0;
    Do(file, [&] { return file.Write(text, sent); });
    return sent;
  }

  int64_t Seek(File& file, int whence, int64_t offset) {
    int64_t position = -1;
    const bool done =
        Do(file, [&] { return file.Seek(whence, offset, position); });
    return done ? position : -1;
  }

  TempDirectory directory_;
  FileWorld world_{GetParam()};
};

TEST_P(FileTest, ReadsAndWritesShareOnePosition) {
  const std::string path = directory_.Add("file", "0123456789");
  const auto file = Open(path, O_RDWR);
  EXPECT_EQ(Read(*file, 3), "012");
  EXPECT_EQ(Write(*file, "abc"), 3u);
  EXPECT_EQ(Read(*file, 2), "67");
  EXPECT_EQ(Seek(*file, SEEK_CUR, 0), 8);
  EXPECT_EQ(TextOf(path), "012abc6789");
}

TEST_P(FileTest, ReadsLinesAndTheRest) {
  const auto file = Open(directory_.Add("file", "one\n\ntwo\nrest"), O_RDONLY);
  std::vector<std::string> lines;
  for (int i = 0; i < 5; ++i) {
    Do(*file, [&] {
      absl::string_view line;
      const Step step = file->ReadLine(line);
      if (step.done()) lines.emplace_back(line);
      return step;
    });
  }
  EXPECT_THAT(lines, ElementsAre("one\n", "\n", "two\n", "rest", ""));
}

TEST_P(FileTest, ReadsAllOfABigFile) {
  std::string big;
  for (int i = 0; i < 500000; ++i) big += std::to_string(i);
  const auto file = Open(directory_.Add("file", big), O_RDONLY);
  EXPECT_EQ(Read(*file, 10), big.substr(0, 10));
  std::string all;
  EXPECT_TRUE(Do(*file, [&] {
    absl::string_view data;
    const Step step = file->ReadAll(data);
    all.assign(data.data(), data.size());
    return step;
  }));
  EXPECT_EQ(all, big.substr(10));
  EXPECT_EQ(Read(*file, 10), "");
}

TEST_P(FileTest, WritesMuch) {
  const std::string path = directory_.Path("file");
  const auto file = Open(path, O_WRONLY | O_CREAT);
  std::string big;
  for (int i = 0; i < 500000; ++i) big += std::to_string(i);
  EXPECT_EQ(Write(*file, big), big.size());
  EXPECT_EQ(TextOf(path), big);
}

TEST_P(FileTest, SeeksFromAllThree) {
  const auto file = Open(directory_.Add("file", "0123456789"), O_RDONLY);
  EXPECT_EQ(Seek(*file, SEEK_SET, 4), 4);
  EXPECT_EQ(Read(*file, 2), "45");
  EXPECT_EQ(Seek(*file, SEEK_CUR, -1), 5);
  EXPECT_EQ(Read(*file, 2), "56");
  EXPECT_EQ(Seek(*file, SEEK_END, -1), 9);
  EXPECT_EQ(Read(*file, 2), "9");
  EXPECT_EQ(Seek(*file, SEEK_SET, -1), -1);
  EXPECT_EQ(ErrnoOf(file->error()), EINVAL);
}

TEST_P(FileTest, TellsAndChangesTheSize) {
  const std::string path = directory_.Add("file", "0123456789");
  const auto file = Open(path, O_RDWR);
  EXPECT_EQ(Read(*file, 2), "01");
  EXPECT_TRUE(Do(*file, [&] { return file->Truncate(4); }));
  EXPECT_EQ(Read(*file, 10), "23");
  int64_t size = 0;
  EXPECT_TRUE(Do(*file, [&] { return file->GetSize(size); }));
  EXPECT_EQ(size, 4);
  EXPECT_TRUE(Do(*file, [&] { return file->Sync(false); }));
  EXPECT_TRUE(Do(*file, [&] { return file->Sync(true); }));
}

TEST_P(FileTest, AppendsAtTheEndAndStaysThere) {
  const std::string path = directory_.Add("file", "one ");
  const auto file = Open(path, O_RDWR | O_APPEND);
  EXPECT_EQ(Read(*file, 1), "o");
  EXPECT_EQ(Write(*file, "two"), 3u);
  EXPECT_EQ(Seek(*file, SEEK_CUR, 0), 7);
  EXPECT_EQ(TextOf(path), "one two");
}

TEST_P(FileTest, SaysHowMuchWasWritten) {
  const auto file = Open("/dev/full", O_WRONLY);
  EXPECT_EQ(Write(*file, "text"), 0u);
  EXPECT_EQ(ErrnoOf(file->error()), ENOSPC);
}

TEST_P(FileTest, WhatWasReadForSomebodyWhoLeftIsNotLost) {
  const auto file = Open(directory_.Add("file", "0123456789"), O_RDONLY);
  std::string text;
  Player& first = world_.NewPlayer();
  Use(first, *file, Reads(*file, 4, text));
  world_.NewPlayer().Call([&] {
    world_.Destroy(first);
    file->Lose(&first);
  });
  world_.Run();
  EXPECT_EQ(text, "");
  EXPECT_EQ(Read(*file, 4), "0123");
}

TEST_P(FileTest, WhatWasHandedOverIsWrittenAlthoughTheWriterLeft) {
  const std::string path = directory_.Path("file");
  const auto file = Open(path, O_RDWR | O_CREAT);
  const std::string big(10 << 20, 'x');
  size_t sent = 0;
  Player& first = world_.NewPlayer();
  Use(first, *file, [&] { return file->Write(big, sent); });
  world_.NewPlayer().Call([&] {
    world_.Destroy(first);
    file->Lose(&first);
  });
  world_.Run();
  EXPECT_GT(sent, 0u);
  EXPECT_TRUE(Do(*file, [&] { return file->Flush(); }));
  EXPECT_EQ(TextOf(path).size(), sent);
  EXPECT_EQ(Seek(*file, SEEK_CUR, 0), static_cast<int64_t>(sent));
}

TEST_P(FileTest, TheNextHearsOfAFailureThatNobodyHeard) {
  const auto file = Open("/dev/full", O_WRONLY);
  size_t sent = 0;
  Player& first = world_.NewPlayer();
  Use(first, *file, [&] { return file->Write("text", sent); });
  world_.NewPlayer().Call([&] {
    world_.Destroy(first);
    file->Lose(&first);
  });
  world_.Run();
  EXPECT_FALSE(Do(*file, [&] { return file->Flush(); }));
  EXPECT_EQ(ErrnoOf(file->error()), ENOSPC);
  EXPECT_TRUE(Do(*file, [&] { return file->Flush(); }));
}

TEST_P(FileTest, ALookThatWasGivenUpDisturbsNobody) {
  const auto file = Open(directory_.Add("file", "0123456789"), O_RDWR);
  int64_t size = 0;
  Player& first = world_.NewPlayer();
  Use(first, *file, [&] { return file->GetSize(size); });
  world_.NewPlayer().Call([&] {
    world_.Destroy(first);
    file->Lose(&first);
  });
  world_.Run();
  EXPECT_TRUE(Do(*file, [&] { return file->Truncate(2); }));
  EXPECT_TRUE(Do(*file, [&] { return file->GetSize(size); }));
  EXPECT_EQ(size, 2);
}

TEST_P(FileTest, CallsHaveItInOrder) {
  const std::string path = directory_.Path("file");
  const auto file = Open(path, O_RDWR | O_CREAT);
  std::string expected;
  std::deque<size_t> sent;
  for (const char letter : {'a', 'b', 'c', 'd', 'e'}) {
    const std::string text(1 << 20, letter);
    size_t& count = sent.emplace_back(0);
    Use(world_.NewPlayer(), *file,
        [&file, text, &count] { return file->Write(text, count); });
    expected += text;
  }
  world_.Run();
  EXPECT_EQ(TextOf(path), expected);
}

TEST_P(FileTest, ClosingWakesThoseWhoUseItAndThoseInTheQueue) {
  const std::string fifo = directory_.Path("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const auto file = Open(fifo, O_RDONLY);
  std::string text;
  Player& reads = world_.NewPlayer();
  Use(reads, *file, Reads(*file, 4, text));
  Player& waits = world_.NewPlayer();
  Use(waits, *file, Reads(*file, 4, text));
  world_.NewPlayer().Sleep(kMillisecond).Call([&] { file->Close(); });
  world_.Run();
  EXPECT_TRUE(reads.failed() && waits.failed());
  EXPECT_EQ(file->error(), FileClosedError());
}

TEST_P(FileTest, AFifoIsReadWhenSomethingComes) {
  const std::string fifo = directory_.Path("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const auto reader = Open(fifo, O_RDONLY);
  std::string text;
  Player& reads = world_.NewPlayer();
  Use(reads, *reader, Reads(*reader, 5, text));
  const auto writer = NewFile();
  Player& writes = world_.NewPlayer();
  writes.Sleep(kMillisecond);
  Use(writes, *writer, [&] { return writer->Open(fifo, O_WRONLY, 0); });
  size_t sent = 0;
  Use(writes, *writer, [&] { return writer->Write("hello", sent); });
  writes.Call([&] { writer->Close(); });
  world_.Run();
  EXPECT_EQ(text, "hello");
  EXPECT_EQ(Read(*reader, 5), "");
  EXPECT_EQ(Seek(*reader, SEEK_SET, 0), -1);
  EXPECT_EQ(ErrnoOf(reader->error()), ESPIPE);
}

TEST_P(FileTest, AFailureToOpenIsTold) {
  const auto file = NewFile();
  const std::string path = directory_.Path("none");
  EXPECT_FALSE(Do(*file, [&] { return file->Open(path, O_RDONLY, 0); }));
  EXPECT_EQ(ErrnoOf(file->error()), ENOENT);
  EXPECT_FALSE(file->is_open());
}

TEST_P(FileTest, ADirectoryCannotBeRead) {
  const auto file = Open("/", O_RDONLY);
  std::string text;
  EXPECT_FALSE(Do(*file, Reads(*file, 5, text)));
  EXPECT_EQ(ErrnoOf(file->error()), EISDIR);
}

TEST_P(FileTest, ClosedInTheMiddleOfAnythingItLeavesNoDescriptor) {
  const size_t before = CountOpenFds();
  {
    FileWorld world(GetParam());
    const std::string path = directory_.Add("file", std::string(1 << 20, 'x'));
    for (int tries = 1; tries < 6; ++tries) {
      File file(world.loop(), world.files(), world.scratch());
      int left = tries;
      world.NewPlayer().Do([&](bool) {
        if (left-- == 0) return Step::Done();
        if (!file.is_open()) return file.Open(path, O_RDWR, 0);
        int64_t size = 0;
        return file.GetSize(size);
      });
      world.Run();
    }
  }
  EXPECT_EQ(CountOpenFds(), before);
}

std::string NameOf(const testing::TestParamInfo<FileBackendKind>& info) {
  return info.param == FileBackendKind::kBest ? "Best" : "Threads";
}

INSTANTIATE_TEST_SUITE_P(All, FileTest,
                         testing::Values(FileBackendKind::kBest,
                                         FileBackendKind::kThreads),
                         NameOf);

}  // namespace
}  // namespace lev
