// Tests lev/file/sync_files.h, and lev/file/doorbell.cc.

#include "lev/file/sync_files.h"

#include <errno.h>

#include <thread>

#include "gtest/gtest.h"
#include "lev/file/doorbell.h"
#include "tests/support/fake_world.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

TEST(SyncFilesTest, ACallIsOverWhenItHasBegun) {
  SyncFiles files;
  const FileCallPtr found = FileCall::StatPath("/");
  files.Start(*found);
  ASSERT_TRUE(found->complete());
  EXPECT_EQ(found->result(), 0);
  const FileCallPtr none = FileCall::StatPath("/none/such");
  files.Start(*none);
  EXPECT_EQ(none->result(), -ENOENT);
}

TEST(SyncFilesTest, IsWhatVirtualTimeGets) {
  FakeWorld world;
  const auto files = MakeFileBackend(world.loop);
  ASSERT_TRUE(files.ok());
  EXPECT_STREQ((*files)->name(), "sync");
}

TEST(DoorbellTest, IsAnsweredInTheLoopsTurn) {
  RealWorld world;
  bool answered = false;
  Doorbell bell(world.loop(), [&] { answered = true; });
  ASSERT_TRUE(bell.Open().ok());
  std::thread visitor([&] { bell.Ring(); });
  visitor.join();
  EXPECT_FALSE(answered);
  world.NewPlayer().Sleep(kMillisecond);
  world.Run();
  EXPECT_TRUE(answered);
}

TEST(DoorbellTest, KeepsNoRunAlive) {
  RealWorld world;
  Doorbell bell(world.loop(), [] {});
  ASSERT_TRUE(bell.Open().ok());
  EXPECT_TRUE(world.loop().Run().ok());
}

}  // namespace
}  // namespace lev
