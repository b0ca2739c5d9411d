// Tests lev/proc/spawn_child.cc: becoming another user. Outside of Bazel's
// sandbox, in which there is only one.

#include <errno.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/proc/spawn.h"
#include "tests/support/programs.h"

namespace lev {
namespace {

TEST(SpawnUserTest, AnotherUserHasNoneOfOurGroups) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  SpawnOptions options = Shell("id -u; id -g; id -G");
  options.uid = 65534;
  options.gid = 65533;
  EXPECT_EQ(RunToEnd(options).output, "65534\n65533\n65533\n");
}

TEST(SpawnUserTest, WhoMayNotBecomeAnotherIsTold) {
  const auto run = [] {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    SpawnOptions options = Command({"/bin/true"});
    options.uid = 0;
    const absl::Status status = Spawn(options).status();
    _exit(ErrnoOf(status) == EPERM && DetailOf(status) == "user" ? 0 : 1);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace lev
