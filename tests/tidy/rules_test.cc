// Each rule finds what breaks it, names file and line, and leaves the rest.

#include "tests/tidy/rules.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lev::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

SourceTree One(const std::string& path, const std::string& text) {
  SourceTree tree;
  tree.Add(path, text);
  return tree;
}

std::string Lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "x;\n";
  return text;
}

Findings IncludesOf(const std::string& path, const std::string& name) {
  return CheckIncludes(One(path, "\n#include " + name + "\n"));
}

TEST(IncludesTest, ARoomMayIncludeItselfAndWhatIsBelow) {
  EXPECT_THAT(IncludesOf("lev/net/a.cc", "\"lev/net/b.h\""), IsEmpty());
  EXPECT_THAT(IncludesOf("lev/net/a.cc", "\"lev/loop/b.h\""), IsEmpty());
  EXPECT_THAT(IncludesOf("lev/lua/a.cc", "\"lev/observe/b.h\""), IsEmpty());
}

TEST(IncludesTest, ARoomMayNotIncludeWhatIsAboveOrBeside) {
  EXPECT_THAT(IncludesOf("lev/loop/a.h", "\"lev/net/b.h\""),
              ElementsAre("lev/loop/a.h:2: lev/loop may not include lev/net"));
  EXPECT_THAT(IncludesOf("lev/task/a.h", "\"lev/net/b.h\""),
              ElementsAre(HasSubstr("may not include lev/net")));
  EXPECT_THAT(IncludesOf("lev/observe/a.h", "\"lev/lua/b.h\""),
              ElementsAre(HasSubstr("may not include lev/lua")));
}

TEST(IncludesTest, TlsMayIncludeNetsStreamsAndNoSockets) {
  EXPECT_THAT(IncludesOf("lev/tls/a.h", "\"lev/net/stream.h\""), IsEmpty());
  EXPECT_THAT(IncludesOf("lev/tls/a.h", "\"lev/net/fd_stream.h\""),
              ElementsAre(HasSubstr("may not include lev/net")));
  EXPECT_THAT(IncludesOf("lev/tls/a.h", "\"lev/loop/waiter.h\""),
              ElementsAre(HasSubstr("may not include lev/loop")));
}

TEST(IncludesTest, FilesMayIncludeNetsDescriptorsAndNoAddresses) {
  EXPECT_THAT(IncludesOf("lev/file/a.h", "\"lev/net/owned_fd.h\""), IsEmpty());
  EXPECT_THAT(IncludesOf("lev/file/a.h", "\"lev/net/address.h\""),
              ElementsAre(HasSubstr("may not include lev/net")));
  EXPECT_THAT(IncludesOf("lev/net/a.h", "\"lev/file/b.h\""),
              ElementsAre(HasSubstr("may not include lev/file")));
}

TEST(IncludesTest, WhatIsForCoroutinesMayIncludeTasks) {
  EXPECT_THAT(IncludesOf("lev/net/co_net.h", "\"lev/task/co.h\""), IsEmpty());
  EXPECT_THAT(IncludesOf("lev/net/coast.h", "\"lev/task/co.h\""),
              ElementsAre(HasSubstr("may not include lev/task")));
  EXPECT_THAT(IncludesOf("lev/loop/co_a.h", "\"lev/task/co.h\""),
              ElementsAre(HasSubstr("may not include lev/task")));
}

TEST(IncludesTest, LuaAndOpenSslHaveARoomEach) {
  EXPECT_THAT(IncludesOf("lev/lua/a.h", "<lua.hpp>"), IsEmpty());
  EXPECT_THAT(IncludesOf("lev/task/a.h", "<lua.hpp>"),
              ElementsAre(HasSubstr("may not include lua.hpp")));
  EXPECT_THAT(IncludesOf("lev/tls/a.h", "<openssl/ssl.h>"), IsEmpty());
  EXPECT_THAT(IncludesOf("lev/lua/a.h", "<openssl/ssl.h>"),
              ElementsAre(HasSubstr("may not include openssl/ssl.h")));
}

TEST(IncludesTest, SystemHeadersOfSocketsStayInNet) {
  EXPECT_THAT(IncludesOf("lev/net/a.cc", "<netinet/in.h>"), IsEmpty());
  EXPECT_THAT(IncludesOf("lev/loop/a.cc", "<sys/socket.h>"),
              ElementsAre(HasSubstr("may not include sys/socket.h")));
}

TEST(IncludesTest, QuotesAreForLevAndAbseil) {
  EXPECT_THAT(IncludesOf("lev/net/a.cc", "\"absl/status/status.h\""),
              IsEmpty());
  EXPECT_THAT(IncludesOf("lev/net/a.cc", "\"b.h\""),
              ElementsAre(HasSubstr("neither lev's nor Abseil's")));
}

TEST(IncludesTest, AnUnknownRoomIsRefused) {
  EXPECT_THAT(IncludesOf("lev/attic/a.cc", "<vector>"),
              ElementsAre(HasSubstr("lev/attic is not a known room")));
}

TEST(SizesTest, AHeaderMayBe250LinesLong) {
  EXPECT_THAT(CheckSizes(One("lev/net/a.h", Lines(250))), IsEmpty());
  EXPECT_THAT(CheckSizes(One("lev/net/a.h", Lines(251))),
              ElementsAre(StartsWith("lev/net/a.h:251: file")));
}

TEST(SizesTest, ASourceMayBe400LinesLong) {
  EXPECT_THAT(CheckSizes(One("tests/lua/a_spec.lua", Lines(400))), IsEmpty());
  EXPECT_THAT(CheckSizes(One("tests/lua/a_spec.lua", Lines(401))),
              ElementsAre(StartsWith("tests/lua/a_spec.lua:401: file")));
}

TEST(SizesTest, ALineMayHave80Characters) {
  std::string wide;
  for (int i = 0; i < 80; ++i) wide += "\u00e4";
  EXPECT_THAT(CheckSizes(One("lev/a.cc", wide + "\n")), IsEmpty());
  EXPECT_THAT(CheckSizes(One("lev/a.cc", "\n" + wide + "x\n")),
              ElementsAre(StartsWith("lev/a.cc:2: line: columns has 81")));
}

TEST(SizesTest, AFunctionMayBe60LinesLong) {
  const std::string head = "namespace n {\nclass C {\n\n  void F() {\n";
  EXPECT_THAT(CheckSizes(One("lev/a.cc", head + Lines(58) + "}\n};\n}\n")),
              IsEmpty());
  EXPECT_THAT(CheckSizes(One("lev/a.cc", head + Lines(59) + "}\n};\n}\n")),
              ElementsAre(StartsWith("lev/a.cc:4: function: lines has 61")));
}

TEST(SizesTest, ATestIsAFunction) {
  const std::string text =
      "TEST(A, B) {\n  if (x) {\n  }\n" + Lines(60) + "}\n";
  EXPECT_THAT(CheckSizes(One("tests/a_test.cc", text)),
              ElementsAre(StartsWith("tests/a_test.cc:1: function")));
}

TEST(SizesTest, ATemplateOfClassesIsAFunction) {
  const std::string text =
      "template <class T>\nvoid F(T t) {\n" + Lines(60) + "}\n";
  EXPECT_THAT(CheckSizes(One("lev/a.h", text)),
              ElementsAre(StartsWith("lev/a.h:1: function")));
}

TEST(SizesTest, AClassAndATableMayBeLonger) {
  EXPECT_THAT(CheckSizes(One("lev/a.h", "class C {\n" + Lines(70) + "};\n")),
              IsEmpty());
  EXPECT_THAT(CheckSizes(One("lev/a.h", "int a[] = {\n" + Lines(70) + "};\n")),
              IsEmpty());
}

TEST(SizesTest, BracesInCommentsAndLiteralsAreNone) {
  const std::string text =
      "void F() {\n  f('{', \"{\", R\"({)\");  // {\n  /* { */\n}\n";
  EXPECT_THAT(CheckSizes(One("lev/a.cc", text + Lines(60))), IsEmpty());
}

TEST(WordsTest, BannedNamesAreFoundInCode) {
  EXPECT_THAT(CheckWords(One("lev/a.h", "\nstd::shared_ptr<T> t;\n")),
              ElementsAre(StartsWith("lev/a.h:2: shared_ptr is banned")));
  EXPECT_THAT(CheckWords(One("lev/a.cc", "using namespace std;\n")),
              ElementsAre(HasSubstr("using namespace std is banned")));
  EXPECT_THAT(CheckWords(One("lev/a.cc", "sol::state lua;\n")),
              ElementsAre(HasSubstr("sol:: is banned")));
}

TEST(WordsTest, SomeNamesAreBannedInLevAlone) {
  EXPECT_THAT(CheckWords(One("lev/a.h", "std::function<F> f;\n")),
              ElementsAre(HasSubstr("std::function is banned")));
  EXPECT_THAT(CheckWords(One("tests/a.h", "std::function<F> f;\n")), IsEmpty());
}

TEST(WordsTest, CommentsMaySpeakOfThem) {
  EXPECT_THAT(CheckWords(One("lev/a.h", "// No shared_ptr here.\n")),
              IsEmpty());
}

TEST(WordsTest, LongerNamesAreOtherNames) {
  EXPECT_THAT(CheckWords(One("lev/a.h", "int not_thread_local;\n")), IsEmpty());
  EXPECT_THAT(CheckWords(One("lev/a.h", "int absol::x;\n")), IsEmpty());
}

TEST(WordsTest, NotesToOneselfAreFoundInComments) {
  EXPECT_THAT(CheckWords(One("lev/a.lua", "-- TODO: all\n")),
              ElementsAre(StartsWith("lev/a.lua:1: TODO is banned")));
  EXPECT_THAT(CheckWords(One("tests/a.sh", "# FIXME\n")),
              ElementsAre(HasSubstr("FIXME is banned")));
}

TEST(WordsTest, BannersAreFound) {
  EXPECT_THAT(CheckWords(One("lev/a.h", "// ---- Part ----\n")),
              ElementsAre("lev/a.h:1: a banner"));
  EXPECT_THAT(CheckWords(One("lev/a.h", "  i = j--;  // 4 - 3\n")), IsEmpty());
}

TEST(HeadersTest, AHeaderHasACommentAndTheGuardOfItsPath) {
  const std::string guarded =
      "#ifndef LEV_NET_A_H_\n#define LEV_NET_A_H_\n"
      "#endif  // LEV_NET_A_H_\n";
  EXPECT_THAT(CheckHeaders(One("lev/net/a.h", "// What.\n" + guarded)),
              IsEmpty());
  EXPECT_THAT(CheckHeaders(One("lev/net/a.h", guarded)),
              ElementsAre(HasSubstr("no comment")));
  EXPECT_THAT(CheckHeaders(One("lev/net/b.h", "// What.\n" + guarded)),
              ElementsAre(HasSubstr("guard is not LEV_NET_B_H_")));
}

TEST(SuspensionTest, EachWayToSuspendHasItsFile) {
  EXPECT_THAT(CheckSuspension(One("lev/lua/lua_drive.cc", "lua_yieldk(L);\n")),
              IsEmpty());
  EXPECT_THAT(CheckSuspension(One("lev/lua/a.cc", "\nlua_yieldk(L);\n")),
              ElementsAre("lev/lua/a.cc:2: lua_yield belongs in "
                          "lev/lua/lua_drive.cc alone"));
  EXPECT_THAT(CheckSuspension(One("lev/lua/lua_drive.cc", "lua_resume(L);\n")),
              ElementsAre(HasSubstr("lev/lua/lua_task.cc alone")));
  EXPECT_THAT(CheckSuspension(One("lev/net/a.h", "await_suspend(h);\n")),
              ElementsAre(HasSubstr("lev/task/co_await.h alone")));
}

TEST(TestsTest, ASourceIsTestedByItsMirror) {
  SourceTree tree = One("lev/net/error.cc", "");
  EXPECT_THAT(CheckTests(tree), ElementsAre(StartsWith("lev/net/error.cc:1:")));
  tree.Add("tests/net/error_test.cc", "");
  EXPECT_THAT(CheckTests(tree), IsEmpty());
}

TEST(TestsTest, ATestOfTheRoomMaySayThatItTestsTheSource) {
  SourceTree tree = One("lev/lua/lua_args.cc", "");
  tree.Add("tests/net/a_test.cc", "// Tests lev/lua/lua_args.cc.\n");
  tree.Add("tests/lua/a_spec.lua", "-- About lev/lua/lua_args.cc.\n");
  EXPECT_THAT(CheckTests(tree), testing::SizeIs(1));
  tree.Add("tests/lua/b_spec.lua",
           "-- Errors. Tests lev/lua/lua_log.cc and\n"
           "-- lev/lua/lua_args.cc.\n");
  EXPECT_THAT(CheckTests(tree), IsEmpty());
}

}  // namespace
}  // namespace lev::tidy
