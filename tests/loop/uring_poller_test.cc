// What only io_uring can do wrong: refusing, holding files open, losing
// completions.

#include "lev/loop/uring_poller.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/loop/poller.h"
#include "tests/support/forbidden_calls.h"

namespace lev {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<uint64_t> Poll(Poller& poller, Nanos timeout = 0) {
  std::vector<PollEvent> events;
  EXPECT_TRUE(poller.Wait(timeout, events).ok());
  std::vector<uint64_t> tags;
  for (const PollEvent& event : events) tags.push_back(event.tag);
  return tags;
}

// Two connected sockets.
struct Pair {
  Pair() {
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    EXPECT_EQ(socketpair(AF_UNIX, type, 0, ends), 0);
  }
  ~Pair() {
    close(ends[0]);
    close(ends[1]);
  }

  int ends[2];
};

TEST(UringPollerTest, SaysOfAForbiddenRingThatItIsForbidden) {
  struct Case {
    int error;
    const char* text;
  };
  for (const Case& refused :
       {Case{EPERM, "io_uring: Operation not permitted"},
        Case{ENOSYS, "io_uring: Function not implemented"},
        Case{ENOMEM, "io_uring: Cannot allocate memory"},
        Case{EINVAL, "io_uring: this kernel is too old"}}) {
    const auto create = [&refused] {
      if (!ForbidCall(SYS_io_uring_setup, refused.error)) _exit(2);
      const absl::Status status = UringPoller::Create().status();
      std::fputs(std::string(status.message()).c_str(), stderr);
      _exit(status.ok() ? 1 : 0);
    };
    EXPECT_EXIT(create(), ::testing::ExitedWithCode(0), refused.text);
  }
}

TEST(UringPollerTest, AQueueThatIsFullLosesNothing) {
  constexpr uint64_t kCount = 200;
  const auto poller =
      UringPoller::Create({.requests = 1, .completions = 2}).value();
  std::vector<int> fds;
  for (uint64_t tag = 0; tag < kCount; ++tag) {
    fds.push_back(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    ASSERT_TRUE(poller->Add(fds.back(), tag).ok());
  }
  while (!Poll(*poller).empty()) continue;

  for (int round = 0; round < 3; ++round) {
    std::vector<int> reports(kCount);
    for (const int fd : fds) ASSERT_EQ(eventfd_write(fd, 1), 0);
    for (std::vector<uint64_t> tags; !(tags = Poll(*poller)).empty();) {
      for (const uint64_t tag : tags) ++reports.at(tag);
    }
    EXPECT_THAT(reports, Each(::testing::Ge(1))) << round;
  }
  for (const int fd : fds) close(fd);
}

TEST(UringPollerTest, AFullQueueIsReadableUntilAllIsReported) {
  const auto poller =
      UringPoller::Create({.requests = 1, .completions = 2}).value();
  std::vector<int> fds;
  for (uint64_t tag = 0; tag < 50; ++tag) {
    fds.push_back(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    ASSERT_TRUE(poller->Add(fds.back(), tag).ok());
  }
  std::set<uint64_t> reported;
  pollfd asked = {poller->fd(), POLLIN, 0};
  while (poll(&asked, 1, 0) == 1) {
    for (const uint64_t tag : Poll(*poller)) reported.insert(tag);
  }

  EXPECT_EQ(reported.size(), fds.size());
  EXPECT_THAT(Poll(*poller), IsEmpty());
  for (const int fd : fds) close(fd);
}

TEST(UringPollerTest, RemoveInAFullQueueSilencesAllTheSame) {
  const auto poller =
      UringPoller::Create({.requests = 1, .completions = 2}).value();
  std::vector<std::unique_ptr<Pair>> pairs;
  for (uint64_t tag = 0; tag < 50; ++tag) {
    pairs.push_back(std::make_unique<Pair>());
    ASSERT_TRUE(poller->Add(pairs.back()->ends[0], tag).ok());
  }
  for (const auto& pair : pairs) poller->Remove(pair->ends[0]);

  EXPECT_THAT(Poll(*poller), IsEmpty());
  EXPECT_THAT(Poll(*poller, kMillisecond), IsEmpty());
}

TEST(UringPollerTest, ADescriptorThatWasClosedWithoutAWordIsForgotten) {
  const auto poller = UringPoller::Create().value();
  Pair pair;
  ASSERT_TRUE(poller->Add(pair.ends[0], 7).ok());
  ASSERT_THAT(Poll(*poller), ElementsAre(7));
  close(pair.ends[0]);
  ASSERT_EQ(write(pair.ends[1], "x", 1), 1);

  EXPECT_THAT(Poll(*poller), IsEmpty());

  char byte;
  EXPECT_EQ(read(pair.ends[1], &byte, 1), -1);
  EXPECT_EQ(errno, ECONNRESET);
  pair.ends[0] = -1;
}

TEST(UringPollerTest, TheNextDescriptorOfANumberCanBeAddedWithoutARemove) {
  const auto poller = UringPoller::Create().value();
  Pair old_pair;
  Pair new_pair;
  ASSERT_TRUE(poller->Add(old_pair.ends[0], 7).ok());
  ASSERT_THAT(Poll(*poller), ElementsAre(7));
  ASSERT_EQ(dup2(new_pair.ends[0], old_pair.ends[0]), old_pair.ends[0]);

  ASSERT_TRUE(poller->Add(old_pair.ends[0], 8).ok());

  EXPECT_THAT(Poll(*poller), ElementsAre(8));
  char byte;
  EXPECT_EQ(read(old_pair.ends[1], &byte, 1), 0);
}

// Hung up for good, it is ready, and has nobody in the kernel to wake us.
TEST(UringPollerTest, ATerminalThatHungUpIsReportedAndDoesNotSpin) {
  const auto poller = UringPoller::Create().value();
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_EQ(grantpt(master) | unlockpt(master), 0);
  const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(terminal, 0);
  close(master);
  ASSERT_TRUE(poller->Add(terminal, 7).ok());

  EXPECT_THAT(Poll(*poller), ElementsAre(7));
  for (int i = 0; i < 3; ++i) Poll(*poller);
  EXPECT_THAT(Poll(*poller), IsEmpty());
  close(terminal);
}

TEST(UringPollerTest, AForkedCopyMayCloseWhatItHas) {
  const auto poller = UringPoller::Create().value();
  const Pair pair;
  ASSERT_TRUE(poller->Add(pair.ends[0], 7).ok());
  ASSERT_THAT(Poll(*poller), ElementsAre(7));
  const pid_t child = fork();
  if (child == 0) {
    poller->Remove(pair.ends[0]);
    _exit(0);
  }
  int status;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);

  ASSERT_EQ(write(pair.ends[1], "x", 1), 1);

  EXPECT_THAT(Poll(*poller), ElementsAre(7));
}

TEST(UringPollerDeathTest, AnotherThreadIsToldThatItIsNotItsPoller) {
  const auto use = [] {
    std::unique_ptr<UringPoller> poller;
    std::thread([&poller] { poller = UringPoller::Create().value(); }).join();
    const Pair pair;
    poller->Add(pair.ends[0], 7).IgnoreError();
  };
  EXPECT_DEATH(use(), "an io_uring poller is used in another thread");
}

}  // namespace
}  // namespace lev
