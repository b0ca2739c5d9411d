// What only the real pollers can show: the kernel's time, signals, other
// processes, pipes and files. Tests lev/loop/epoll_poller.cc, and what
// lev/loop/uring_poller.cc has in common with it.

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/loop/epoll_poller.h"
#include "lev/loop/poller.h"
#include "lev/loop/uring_poller.h"

namespace lev {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Kind {
  const char* name;
  absl::StatusOr<std::unique_ptr<Poller>> (*create)();
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

template <typename T>
absl::StatusOr<std::unique_ptr<Poller>> Create() {
  return T::Create();
}

class KernelPollerTest : public ::testing::TestWithParam<Kind> {
 protected:
  std::vector<uint64_t> Poll(Nanos timeout) {
    std::vector<PollEvent> events;
    EXPECT_TRUE(poller_->Wait(timeout, events).ok());
    std::vector<uint64_t> tags;
    for (const PollEvent& event : events) tags.push_back(event.tag);
    return tags;
  }

  std::unique_ptr<Poller> poller_ = GetParam().create().value();
  MonotonicClock clock_;
};

TEST_P(KernelPollerTest, ShortWaitsAreNeverEarly) {
  for (int i = 0; i < 50; ++i) {
    const Nanos timeout = i * 37 * kMicrosecond + 1;
    const Instant began = clock_.Now();

    EXPECT_THAT(Poll(timeout), IsEmpty());

    EXPECT_GE(clock_.Now() - began, timeout);
  }
}

// Where the kernel counts in milliseconds only, lev has to round up.
bool KernelCountsNanoseconds() {
  const timespec none = {};
  epoll_event unused;
  return epoll_pwait2(-1, &unused, 1, &none, nullptr) < 0 && errno == EBADF;
}

// The fastest of several attempts counts: others use this machine too.
TEST_P(KernelPollerTest, AShortWaitIsNotRoundedUpToAMillisecond) {
  if (!KernelCountsNanoseconds()) GTEST_SKIP() << "no epoll_pwait2";
  Nanos fastest = kNever;
  for (int i = 0; i < 200 && fastest >= kMillisecond; ++i) {
    const Instant began = clock_.Now();
    Poll(50 * kMicrosecond);
    fastest = std::min(fastest, clock_.Now() - began);
  }
  EXPECT_LT(fastest, kMillisecond);
}

void IgnoreSignal(int) {}

TEST_P(KernelPollerTest, ASignalEndsTheWaitEarlyAndIsNoError) {
  struct sigaction action = {};
  struct sigaction before;
  action.sa_handler = IgnoreSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, &before);
  // Repeats, in case the first comes before the wait begins.
  const itimerval soon = {{0, 5000}, {0, 5000}};
  const itimerval none = {};
  setitimer(ITIMER_REAL, &soon, nullptr);
  const Instant began = clock_.Now();

  EXPECT_THAT(Poll(600 * kSecond), IsEmpty());

  setitimer(ITIMER_REAL, &none, nullptr);
  sigaction(SIGALRM, &before, nullptr);
  EXPECT_LT(clock_.Now() - began, 60 * kSecond);
}

TEST_P(KernelPollerTest, AHugeTimeoutIsNoError) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  ASSERT_TRUE(poller_->Add(ends[0], 7).ok());

  EXPECT_THAT(Poll(kNever - 1), ElementsAre(7));

  close(ends[0]);
  close(ends[1]);
}

TEST_P(KernelPollerTest, AnArrivalInAPipeThatIsNotEmptyIsANewEdge) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  ASSERT_TRUE(poller_->Add(ends[0], 7).ok());
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  ASSERT_THAT(Poll(0), ElementsAre(7));

  ASSERT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_THAT(Poll(0), ElementsAre(7));

  close(ends[0]);
  close(ends[1]);
}

TEST_P(KernelPollerTest, AHalfClosedPeerIsExceptionalAndLeavesUsWritable) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  ASSERT_TRUE(poller_->Add(ends[0], 7).ok());
  ASSERT_EQ(shutdown(ends[1], SHUT_WR), 0);
  std::vector<PollEvent> events;

  ASSERT_TRUE(poller_->Wait(0, events).ok());

  ASSERT_EQ(events.size(), 1);
  EXPECT_TRUE(events[0].readable);
  EXPECT_TRUE(events[0].writable);
  EXPECT_TRUE(events[0].exceptional);
  close(ends[0]);
  close(ends[1]);
}

TEST_P(KernelPollerTest, ABrokenPipeWakesItsWriter) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const char bytes[4096] = {};
  while (write(ends[1], bytes, sizeof bytes) > 0) {
  }
  ASSERT_TRUE(poller_->Add(ends[1], 7).ok());
  ASSERT_THAT(Poll(0), IsEmpty());
  close(ends[0]);
  std::vector<PollEvent> events;

  ASSERT_TRUE(poller_->Wait(0, events).ok());

  ASSERT_EQ(events.size(), 1);
  EXPECT_TRUE(events[0].writable);
  EXPECT_TRUE(events[0].exceptional);
  close(ends[1]);
}

// A process that holds a copy of every descriptor there is, until it is told.
class Holder {
 public:
  Holder() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    child_ = fork();
    if (child_ == 0) {
      close(ends[1]);
      char byte;
      _exit(read(ends[0], &byte, 1) < 0);
    }
    close(ends[0]);
    tell_ = ends[1];
  }
  ~Holder() {
    close(tell_);
    waitpid(child_, nullptr, 0);
  }

 private:
  pid_t child_;
  int tell_;
};

TEST_P(KernelPollerTest, ACopyInAChildDoesNotReportToTheNextOwnerOfTheNumber) {
  int old_ends[2];
  int new_ends[2];
  const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  ASSERT_EQ(socketpair(AF_UNIX, type, 0, old_ends), 0);
  ASSERT_EQ(socketpair(AF_UNIX, type, 0, new_ends), 0);
  ASSERT_TRUE(poller_->Add(old_ends[0], 7).ok());
  ASSERT_THAT(Poll(0), ElementsAre(7));
  const Holder holder;

  poller_->Remove(old_ends[0]);
  ASSERT_EQ(dup2(new_ends[0], old_ends[0]), old_ends[0]);
  ASSERT_TRUE(poller_->Add(old_ends[0], 8).ok());
  ASSERT_THAT(Poll(0), ElementsAre(8));
  ASSERT_EQ(write(old_ends[1], "x", 1), 1);

  EXPECT_THAT(Poll(0), IsEmpty());
  for (const int fd : {old_ends[0], old_ends[1], new_ends[0], new_ends[1]}) {
    close(fd);
  }
}

TEST_P(KernelPollerTest, AFileCannotBeWatched) {
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);

  EXPECT_TRUE(absl::IsPermissionDenied(poller_->Add(fd, 7)));

  close(fd);
}

TEST_P(KernelPollerTest, ADeviceThatHasNoReadinessCannotBeWatched) {
  const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);

  EXPECT_TRUE(absl::IsPermissionDenied(poller_->Add(fd, 7)));
  EXPECT_TRUE(absl::IsPermissionDenied(poller_->Add(fd, 7)));

  EXPECT_THAT(Poll(0), IsEmpty());
  close(fd);
}

TEST_P(KernelPollerTest, AClosedDescriptorIsAtItsEndAtOnceForThePeer) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  ASSERT_TRUE(poller_->Add(ends[0], 7).ok());

  poller_->Remove(ends[0]);
  close(ends[0]);

  char byte;
  EXPECT_EQ(recv(ends[1], &byte, 1, MSG_DONTWAIT), 0);
  close(ends[1]);
}

TEST_P(KernelPollerTest, UrgentDataIsExceptionalAndOtherDataIsNot) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(listen(listener, 1), 0);
  sockaddr_in address;
  socklen_t size = sizeof address;
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(getsockname(listener, where, &size), 0);
  const int sender = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(connect(sender, where, size), 0);
  const int receiver = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  ASSERT_TRUE(poller_->Add(receiver, 7).ok());
  ASSERT_THAT(Poll(0), ElementsAre(7));
  std::vector<PollEvent> events;

  ASSERT_EQ(send(sender, "a", 1, 0), 1);
  while (events.empty()) ASSERT_TRUE(poller_->Wait(kSecond, events).ok());
  ASSERT_EQ(send(sender, "b", 1, MSG_OOB), 1);
  while (events.size() < 2) ASSERT_TRUE(poller_->Wait(kSecond, events).ok());

  EXPECT_FALSE(events.front().exceptional);
  EXPECT_TRUE(events.back().exceptional);
  for (const int fd : {listener, sender, receiver}) close(fd);
}

// Whether `fd` is readable at once.
bool IsReadable(int fd) {
  pollfd asked = {fd, POLLIN, 0};
  return poll(&asked, 1, 0) == 1;
}

TEST_P(KernelPollerTest, ItsDescriptorIsReadableWhileThereIsSomethingToReport) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  EXPECT_FALSE(IsReadable(poller_->fd()));
  ASSERT_TRUE(poller_->Add(ends[1], 7).ok());
  EXPECT_TRUE(IsReadable(poller_->fd())) << "there is room to write";
  ASSERT_TRUE(poller_->Add(ends[0], 8).ok());
  EXPECT_TRUE(IsReadable(poller_->fd()));
  ASSERT_THAT(Poll(0), ElementsAre(7));
  EXPECT_FALSE(IsReadable(poller_->fd()));

  ASSERT_EQ(write(ends[1], "x", 1), 1);

  EXPECT_TRUE(IsReadable(poller_->fd()));
  EXPECT_THAT(Poll(0), ElementsAre(8));
  EXPECT_FALSE(IsReadable(poller_->fd()));
  close(ends[0]);
  close(ends[1]);
}

TEST_P(KernelPollerTest, SaysWhenThereAreNoDescriptorsLeft) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);

  const absl::Status status = GetParam().create().status();

  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
}

TEST_P(KernelPollerTest, ReportsWhereNoMoreDescriptorsAreAllowed) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  ASSERT_TRUE(poller_->Add(ends[0], 7).ok());
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);

  EXPECT_THAT(Poll(0), ElementsAre(7));

  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  close(ends[0]);
  close(ends[1]);
}

TEST_P(KernelPollerTest, ClosesItsDescriptorAndIsNotInherited) {
  poller_.reset();
  const int next = dup(0);
  ASSERT_GE(next, 0);
  close(next);

  poller_ = GetParam().create().value();

  EXPECT_EQ(fcntl(next, F_GETFD), FD_CLOEXEC);
  poller_.reset();
  EXPECT_EQ(fcntl(next, F_GETFD), -1);
}

INSTANTIATE_TEST_SUITE_P(Pollers, KernelPollerTest,
                         ::testing::Values(Kind{"Epoll", Create<EpollPoller>},
                                           Kind{"Uring", Create<UringPoller>}),
                         [](const auto& test) {
                           return std::string(test.param.name);
                         });

}  // namespace
}  // namespace lev
