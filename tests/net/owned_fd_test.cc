#include "lev/net/owned_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "gtest/gtest.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

int NewFd() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(OwnedFdTest, TheDefaultHasNone) {
  const OwnedFd none;
  EXPECT_FALSE(none.valid());
  EXPECT_LT(none.get(), 0);
}

TEST(OwnedFdTest, ClosesItsDescriptorWhenItDies) {
  const int fd = NewFd();
  { const OwnedFd owned(fd); }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(OwnedFdTest, CloseIsIdempotent) {
  OwnedFd owned(NewFd());
  const int fd = owned.get();
  owned.Close();
  EXPECT_FALSE(owned.valid());
  const OwnedFd next(NewFd());
  ASSERT_EQ(next.get(), fd) << "the number was not free";
  owned.Close();
  EXPECT_TRUE(IsOpen(next.get()));
}

TEST(OwnedFdTest, AMoveHandsOver) {
  const size_t before = CountOpenFds();
  {
    OwnedFd from(NewFd());
    const int fd = from.get();
    const OwnedFd to(std::move(from));
    EXPECT_FALSE(from.valid());
    EXPECT_EQ(to.get(), fd);
  }
  EXPECT_EQ(CountOpenFds(), before);
}

TEST(OwnedFdTest, AnAssignmentLeaksNothing) {
  const size_t before = CountOpenFds();
  {
    OwnedFd owned(NewFd());
    owned = OwnedFd(NewFd());
    EXPECT_TRUE(IsOpen(owned.get()));
    EXPECT_EQ(CountOpenFds(), before + 1);
  }
  EXPECT_EQ(CountOpenFds(), before);
}

}  // namespace
}  // namespace lev
