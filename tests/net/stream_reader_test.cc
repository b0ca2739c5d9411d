#include "lev/net/stream_reader.h"

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/net/io_result.h"
#include "lev/net/memory_stream.h"

namespace lev {
namespace {

using Kind = IoResult::Kind;

class StreamReaderTest : public testing::Test {
 protected:
  void Arrive(absl::string_view text) {
    ASSERT_EQ(pair_.a().TryWrite({text.data(), text.size()}).bytes,
              text.size());
  }
  void Finish() { pair_.a().TryShutdownWrite(); }

  // What a step came to: the bytes it took, or a word for it.
  std::string Say(IoResult result, absl::string_view data) {
    if (result.kind == Kind::kWantRead) return "<want read>";
    if (result.failed()) return reader_.too_long() ? "<too long>" : "<failed>";
    if (result.end_of_file()) return "<end>";
    EXPECT_EQ(result.bytes, data.size());
    return std::string(data);
  }
  std::string Some(size_t max) {
    absl::string_view data;
    const IoResult result = reader_.Some(max, data);
    return Say(result, data);
  }
  std::string Exactly(size_t size) {
    absl::string_view data;
    const IoResult result = reader_.Exactly(size, data);
    return Say(result, data);
  }
  std::string Until(absl::string_view delimiter, size_t max = 1000) {
    absl::string_view data;
    const IoResult result = reader_.Until(delimiter, max, data);
    return Say(result, data);
  }

  MemoryStreamPair pair_;
  std::vector<char> scratch_ = std::vector<char>(16);
  StreamReader reader_{pair_.b(), absl::MakeSpan(scratch_)};
};

TEST_F(StreamReaderTest, WithNothingThereEveryStepWantsToRead) {
  EXPECT_EQ(Some(1), "<want read>");
  EXPECT_EQ(Exactly(1), "<want read>");
  EXPECT_EQ(Until("x"), "<want read>");
  EXPECT_EQ(reader_.Fill().kind, Kind::kWantRead);
}

// Ten thousand of them may be idle.
TEST_F(StreamReaderTest, WhoWaitsHoldsNoBuffer) {
  Arrive("line\n");
  EXPECT_EQ(Until("\n"), "line\n");
  EXPECT_EQ(Until("\n"), "<want read>");
  EXPECT_EQ(reader_.buffered().data(), nullptr);

  Arrive("abcd");
  EXPECT_EQ(Exactly(2), "ab");
  EXPECT_EQ(Exactly(2), "cd");
  EXPECT_EQ(Exactly(2), "<want read>");
  EXPECT_EQ(reader_.buffered().data(), nullptr);
}

TEST_F(StreamReaderTest, AtTheEndEveryStepSaysSo) {
  Finish();
  EXPECT_EQ(Some(1), "<end>");
  EXPECT_EQ(Exactly(1), "<end>");
  EXPECT_EQ(Until("x"), "<end>");
  EXPECT_TRUE(reader_.Fill().end_of_file());
}

TEST_F(StreamReaderTest, SomeTakesWhatIsThere) {
  Arrive("abc");
  EXPECT_EQ(Some(10), "abc");
  EXPECT_EQ(Some(10), "<want read>");
}

TEST_F(StreamReaderTest, SomeTakesNoMoreThanItMay) {
  Arrive("abc");
  EXPECT_EQ(Some(2), "ab");
  EXPECT_EQ(Some(2), "c");
}

TEST_F(StreamReaderTest, SomeTakesNoMoreThanTheScratchBuffer) {
  Arrive("0123456789abcdefXYZ");
  EXPECT_EQ(Some(100), "0123456789abcdef");
  EXPECT_EQ(Some(100), "XYZ");
}

TEST_F(StreamReaderTest, ExactlyWaitsForAll) {
  Arrive("ab");
  EXPECT_EQ(Exactly(4), "<want read>");
  Arrive("c");
  EXPECT_EQ(Exactly(4), "<want read>");
  Arrive("de");
  EXPECT_EQ(Exactly(4), "abcd");
  EXPECT_EQ(Some(9), "e");
}

TEST_F(StreamReaderTest, ExactlyMayBeLongerThanTheScratchBuffer) {
  const std::string text(100, 'x');
  Arrive(text);
  EXPECT_EQ(Exactly(100), text);
}

TEST_F(StreamReaderTest, ExactlyTakesWhatWasBufferedFirst) {
  Arrive("abcdef");
  EXPECT_TRUE(reader_.Fill().done());
  EXPECT_EQ(Exactly(2), "ab");
  Arrive("ghij");
  EXPECT_EQ(Exactly(6), "cdefgh");
  EXPECT_EQ(Some(9), "ij");
}

TEST_F(StreamReaderTest, UntilTakesTheDelimiterToo) {
  Arrive("one\r\ntwo\r\n");
  EXPECT_EQ(Until("\r\n"), "one\r\n");
  EXPECT_EQ(Until("\r\n"), "two\r\n");
  EXPECT_EQ(Until("\r\n"), "<want read>");
}

TEST_F(StreamReaderTest, UntilFindsADelimiterThatComesInParts) {
  const std::string delimiter = "<<end>>";
  for (const char c : "text" + delimiter) {
    EXPECT_EQ(Until(delimiter), "<want read>");
    Arrive({&c, 1});
  }
  EXPECT_EQ(Until(delimiter), "text<<end>>");
}

TEST_F(StreamReaderTest, UntilFindsADelimiterAcrossEveryBorder) {
  for (size_t first = 0; first < 40; ++first) {
    Arrive(std::string(first, '-') + "<<end>>rest");
    EXPECT_EQ(Until("<<end>>"), std::string(first, '-') + "<<end>>");
    EXPECT_EQ(Exactly(4), "rest");
  }
}

TEST_F(StreamReaderTest, UntilIsNotFooledByFalseBeginnings) {
  Arrive("aaaaaaaaaaaaaaaaaaaab|aab");
  EXPECT_EQ(Until("aaab"), "aaaaaaaaaaaaaaaaaaaab");
  EXPECT_EQ(Until("aab"), "|aab");
}

TEST_F(StreamReaderTest, UntilIsBinarySafe) {
  Arrive(absl::string_view("a\0b\0\0c", 6));
  EXPECT_EQ(Until(absl::string_view("\0\0", 2)), std::string("a\0b\0\0", 5));
}

TEST_F(StreamReaderTest, TooLongLosesNothing) {
  Arrive("0123456789");
  EXPECT_EQ(Until("\n", 8), "<too long>");
  EXPECT_EQ(Until("\n", 8), "<too long>");
  EXPECT_EQ(Exactly(10), "0123456789");
}

TEST_F(StreamReaderTest, AfterTooLongALargerLimitMayDo) {
  Arrive("0123456789\n");
  EXPECT_EQ(Until("\n", 8), "<too long>");
  EXPECT_EQ(Until("\n", 11), "0123456789\n");
  EXPECT_FALSE(reader_.too_long());
}

TEST_F(StreamReaderTest, TheLimitCountsTheDelimiter) {
  Arrive("0123\r\n");
  EXPECT_EQ(Until("\r\n", 5), "<too long>");
  EXPECT_EQ(Until("\r\n", 6), "0123\r\n");
}

TEST_F(StreamReaderTest, TheLimitIsForThisLineAlone) {
  Arrive("ab\nab\nab\nab\n");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Until("\n", 3), "ab\n");
}

TEST_F(StreamReaderTest, GivingUpExactlyLeavesItsBytesToOthers) {
  Arrive("ab\nc");
  EXPECT_EQ(Exactly(9), "<want read>");
  EXPECT_EQ(Until("\n"), "ab\n");
  EXPECT_EQ(Some(9), "c");
}

TEST_F(StreamReaderTest, GivingUpUntilLeavesItsBytesToOthers) {
  Arrive("abcd");
  EXPECT_EQ(Until("\n"), "<want read>");
  EXPECT_EQ(Some(2), "ab");
  EXPECT_EQ(Exactly(2), "cd");
}

TEST_F(StreamReaderTest, AnotherDelimiterIsSearchedFromTheBeginning) {
  Arrive("a|b");
  EXPECT_EQ(Until("\n"), "<want read>");
  Arrive("c");
  EXPECT_EQ(Until("\n"), "<want read>");
  EXPECT_EQ(Until("|"), "a|");
  EXPECT_EQ(Some(9), "bc");
}

TEST_F(StreamReaderTest, ALongerDelimiterIsSearchedFromTheBeginning) {
  Arrive("a--");
  EXPECT_EQ(Until("\n"), "<want read>");
  Arrive("b");
  EXPECT_EQ(Until("\n"), "<want read>");
  EXPECT_EQ(Until("--b"), "a--b");
}

TEST_F(StreamReaderTest, WhatWasSearchedIsForgottenOnceItWasTaken) {
  Arrive("abc");
  EXPECT_EQ(Until("|"), "<want read>");
  Arrive("def");
  EXPECT_EQ(Until("|"), "<want read>");
  Arrive("|x");
  reader_.Fill();
  EXPECT_EQ(Some(5), "abcde");
  EXPECT_EQ(Until("|"), "f|");
}

TEST_F(StreamReaderTest, TheEndInTheMiddleLeavesTheBytes) {
  Arrive("abc");
  Finish();
  EXPECT_EQ(Exactly(9), "<end>");
  EXPECT_EQ(Until("\n"), "<end>");
  EXPECT_EQ(reader_.buffered(), "abc");
  EXPECT_EQ(Some(9), "abc");
  EXPECT_EQ(Some(9), "<end>");
}

TEST_F(StreamReaderTest, FillAddsToWhatIsBuffered) {
  Arrive("ab");
  EXPECT_EQ(reader_.Fill().bytes, 2u);
  Arrive("cd");
  EXPECT_EQ(reader_.Fill().bytes, 2u);
  EXPECT_EQ(reader_.buffered(), "abcd");
}

TEST_F(StreamReaderTest, TakeTakesFromTheFront) {
  Arrive("abcd");
  reader_.Fill();
  EXPECT_EQ(reader_.Take(3), "abc");
  EXPECT_EQ(reader_.buffered(), "d");
  Arrive("ef");
  reader_.Fill();
  EXPECT_EQ(reader_.buffered(), "def");
}

TEST_F(StreamReaderTest, ReadersOfOneScratchBufferDoNotMixTheirBytes) {
  MemoryStreamPair other_pair;
  StreamReader other(other_pair.b(), absl::MakeSpan(scratch_));
  Arrive("mine");
  EXPECT_EQ(Exactly(8), "<want read>");
  other_pair.a().TryWrite({"theirs", 6});
  EXPECT_TRUE(other.Fill().done());
  Arrive("more");
  EXPECT_EQ(Exactly(8), "minemore");
  EXPECT_EQ(other.buffered(), "theirs");
}

}  // namespace
}  // namespace lev
