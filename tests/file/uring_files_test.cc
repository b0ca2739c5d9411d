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
  // A sanitizer that looks at a class for the first time needs descriptors.
  static_cast<void>(UringFiles::Create(world.loop()));
  std::string refusal;
  {
    const NoFreeFds none;
    refusal = std::string(UringFiles::Create(world.loop()).status().message());
  }
  EXPECT_THAT(refusal, testing::StartsWith("io_uring: "));
}

}  // namespace
}  // namespace lev
