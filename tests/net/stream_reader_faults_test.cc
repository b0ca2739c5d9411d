// Reading in pieces from streams that come drop by drop, block before every
// drop, and fail at every byte. Tests lev/net/stream_reader.cc.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/net/io_result.h"
#include "lev/net/memory_stream.h"
#include "lev/net/stream_reader.h"
#include "tests/support/faulty_stream.h"

namespace lev {
namespace {

using Pieces = std::vector<std::string>;

constexpr absl::string_view kText = "LEN 5\r\nhello\n--body--tail";
constexpr absl::string_view kPieces[] = {"LEN 5\r\n", "hello", "\n--body--",
                                         "tail"};

// Reads kText piece by piece, with all the ways there are.
class Reading {
 public:
  explicit Reading(const FaultPlan& plan, bool finish = true)
      : stream_(pair_.b(), plan) {
    pair_.a().TryWrite({kText.data(), kText.size()});
    if (finish) pair_.a().TryShutdownWrite();
  }

  // Until the end, a failure, or `most` tries.
  void Run(int most = 1000) {
    while (most-- > 0) {
      absl::string_view data;
      last_ = Step(data);
      if (last_.failed() || last_.end_of_file()) return;
      if (last_.done()) pieces_.emplace_back(data);
    }
  }

  const Pieces& pieces() const { return pieces_; }
  IoResult last() const { return last_; }
  StreamReader& reader() { return reader_; }
  FaultyStream& stream() { return stream_; }

  // All that came, taken or not.
  std::string Everything() const {
    std::string all;
    for (const std::string& piece : pieces_) all += piece;
    return all + std::string(reader_.buffered());
  }

 private:
  IoResult Step(absl::string_view& data) {
    switch (pieces_.size()) {
      case 0:
        return reader_.Until("\r\n", 100, data);
      case 1:
        return reader_.Exactly(5, data);
      case 2:
        return reader_.Until("--body--", 100, data);
      case 3:
        return reader_.Exactly(4, data);
      default:
        return reader_.Some(100, data);
    }
  }

  MemoryStreamPair pair_;
  FaultyStream stream_;
  char scratch_[8];
  StreamReader reader_{stream_, absl::MakeSpan(scratch_)};
  Pieces pieces_;
  IoResult last_;
};

const Pieces& AllPieces() {
  static const auto* const pieces =
      new Pieces(std::begin(kPieces), std::end(kPieces));
  return *pieces;
}

TEST(StreamReaderFaultsTest, ThePiecesAreTheSameHoweverSmallTheDrops) {
  for (size_t drop = 1; drop <= kText.size(); ++drop) {
    Reading reading({.max_read = drop});
    reading.Run();
    EXPECT_EQ(reading.pieces(), AllPieces()) << "in drops of " << drop;
    EXPECT_TRUE(reading.last().end_of_file());
  }
}

TEST(StreamReaderFaultsTest, ThePiecesAreTheSameIfEveryDropIsWaitedFor) {
  for (size_t drop = 1; drop <= kText.size(); ++drop) {
    Reading reading({.max_read = drop, .block_first = true});
    reading.Run();
    EXPECT_EQ(reading.pieces(), AllPieces()) << "in drops of " << drop;
    EXPECT_TRUE(reading.last().end_of_file());
  }
}

TEST(StreamReaderFaultsTest, AFailureAtAnyByteLosesNoneBeforeIt) {
  for (const size_t drop : {size_t{1}, size_t{3}, kText.size()}) {
    for (size_t at = 0; at < kText.size(); ++at) {
      Reading reading({.max_read = drop, .fail_read_at = at});
      reading.Run();
      EXPECT_TRUE(reading.last().failed());
      EXPECT_FALSE(reading.reader().too_long());
      EXPECT_EQ(reading.Everything(), kText.substr(0, at));
      EXPECT_EQ(reading.stream().error().message(), "Connection reset by peer");
    }
  }
}

TEST(StreamReaderFaultsTest, GivingUpAfterAnyTryLosesNothing) {
  for (int tries = 0; tries < 60; ++tries) {
    Reading reading({.max_read = 1, .block_first = true});
    reading.Run(tries);
    std::string all;
    for (const std::string& piece : reading.pieces()) all += piece;
    for (int i = 0; i < 1000 && all.size() < kText.size(); ++i) {
      absl::string_view data;
      if (reading.reader().Some(3, data).done()) all += std::string(data);
    }
    EXPECT_EQ(all, kText) << "given up after " << tries;
  }
}

TEST(StreamReaderFaultsTest, SwitchingBetweenDelimitersMissesNone) {
  for (int tries = 0; tries < 60; ++tries) {
    Reading reading({.max_read = 1, .block_first = true});
    absl::string_view data;
    for (int i = 0; i < tries; ++i) {
      ASSERT_FALSE(reading.reader().Until("nowhere", 100, data).failed());
    }
    IoResult result;
    for (int i = 0; i < 100; ++i) {
      result = reading.reader().Until("N 5", 100, data);
      if (result.done()) break;
    }
    EXPECT_EQ(data, "LEN 5") << "switched after " << tries;
  }
}

TEST(StreamReaderFaultsTest, TooLongAtAnyLimitLosesNothing) {
  for (size_t max = 1; max < kText.size(); ++max) {
    Reading reading({.max_read = 1}, /*finish=*/false);
    absl::string_view data;
    EXPECT_TRUE(reading.reader().Until("nowhere", max, data).failed());
    EXPECT_TRUE(reading.reader().too_long());
    EXPECT_EQ(reading.reader().buffered().size(), max);
    reading.Run(100);
    EXPECT_EQ(reading.pieces(), AllPieces()) << "with a limit of " << max;
  }
}

}  // namespace
}  // namespace lev
