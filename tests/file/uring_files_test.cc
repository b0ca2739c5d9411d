#include "lev/file/uring_files.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/descriptors.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

TEST(UringFilesTest, SaysThatIoUringRefuses) {
  RealWorld world;
  const NoFreeFds none;
  const auto files = UringFiles::Create(world.loop());
  ASSERT_FALSE(files.ok());
  EXPECT_THAT(std::string(files.status().message()),
              testing::StartsWith("io_uring: "));
}

}  // namespace
}  // namespace lev
