#include "lev/proc/signal_source.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "tests/support/descriptors.h"
#include "tests/support/programs.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

bool IsBlocked(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

void Block(int how, int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(how, &set, nullptr);
}

class SignalSourceTest : public ::testing::Test {
 protected:
  // A player who receives one signal.
  Player& Receive(int& signal) {
    return world_.NewPlayer().Do(
        [this, &signal](bool) { return source_->Receive(signal); });
  }

  RealWorld world_;
  const size_t fds_ = CountOpenFds();
  std::unique_ptr<SignalSource> source_ =
      std::make_unique<SignalSource>(world_.loop());
};

TEST_F(SignalSourceTest, ASignalIsReceived) {
  ASSERT_TRUE(source_->Add(SIGUSR1).ok());
  int signal = 0;
  Receive(signal);
  world_.NewPlayer().Sleep(kMillisecond).Call([] { kill(getpid(), SIGUSR1); });
  world_.Run();
  EXPECT_EQ(signal, SIGUSR1);
}

TEST_F(SignalSourceTest, OneDescriptorServesAll) {
  for (const int signal : {SIGUSR1, SIGUSR2, SIGTERM, SIGUSR1}) {
    ASSERT_TRUE(source_->Add(signal).ok());
  }
  EXPECT_EQ(CountOpenFds(), fds_ + 1);
  raise(SIGUSR2);
  raise(SIGTERM);
  int first = 0;
  int second = 0;
  Receive(first);
  Receive(second);
  world_.Run();
  EXPECT_EQ(first + second, SIGUSR2 + SIGTERM);
}

TEST_F(SignalSourceTest, WhatIsAddedWhileSomebodyWaitsComesToo) {
  ASSERT_TRUE(source_->Add(SIGUSR1).ok());
  int signal = 0;
  Receive(signal);
  world_.NewPlayer().Sleep(kMillisecond).Call([this] {
    ASSERT_TRUE(source_->Add(SIGUSR2).ok());
    raise(SIGUSR2);
  });
  world_.Run();
  EXPECT_EQ(signal, SIGUSR2);
}

TEST_F(SignalSourceTest, WhatCannotBeCaughtIsAnError) {
  for (const int signal : {SIGKILL, SIGSTOP, 0, -1, 32, 65, 1 << 30}) {
    EXPECT_EQ(ErrnoOf(source_->Add(signal)), EINVAL) << signal;
  }
  EXPECT_EQ(CountOpenFds(), fds_);
}

TEST_F(SignalSourceTest, WithoutDescriptorsItIsAnErrorAndNothingIsBlocked) {
  {
    const NoFreeFds none;
    EXPECT_EQ(ErrnoOf(source_->Add(SIGUSR1)), EMFILE);
  }
  EXPECT_FALSE(IsBlocked(SIGUSR1));
  EXPECT_FALSE(source_->has(SIGUSR1));
}

TEST_F(SignalSourceTest, TheMaskIsGivenBackAsItWas) {
  Block(SIG_BLOCK, SIGUSR2);
  ASSERT_TRUE(source_->Add(SIGUSR1).ok());
  ASSERT_TRUE(source_->Add(SIGUSR2).ok());
  EXPECT_TRUE(IsBlocked(SIGUSR1));
  Block(SIG_BLOCK, SIGHUP);  // Somebody else's.
  source_.reset();
  EXPECT_FALSE(IsBlocked(SIGUSR1));
  EXPECT_TRUE(IsBlocked(SIGUSR2));
  EXPECT_TRUE(IsBlocked(SIGHUP));
  EXPECT_EQ(CountOpenFds(), fds_);
  Block(SIG_UNBLOCK, SIGUSR2);
  Block(SIG_UNBLOCK, SIGHUP);
}

TEST_F(SignalSourceTest, WhatIsPendingAtTheEndDoesNotStrike) {
  ASSERT_TRUE(source_->Add(SIGTERM).ok());
  ASSERT_TRUE(source_->Add(SIGUSR1).ok());
  raise(SIGTERM);
  raise(SIGUSR1);
  source_->Remove(SIGUSR1);
  EXPECT_FALSE(IsBlocked(SIGUSR1));
  source_.reset();
  EXPECT_FALSE(IsBlocked(SIGTERM));
}

TEST_F(SignalSourceTest, AnIgnoredSignalIsReceivedAndIgnoredAgain) {
  signal(SIGHUP, SIG_IGN);
  ASSERT_TRUE(source_->Add(SIGHUP).ok());
  raise(SIGHUP);
  int received = 0;
  Receive(received);
  world_.Run();
  source_.reset();
  EXPECT_EQ(received, SIGHUP);
  EXPECT_EQ(signal(SIGHUP, SIG_DFL), SIG_IGN);
}

TEST_F(SignalSourceTest, ASignalThatWasRemovedCanBeAddedAgain) {
  ASSERT_TRUE(source_->Add(SIGUSR1).ok());
  source_->Remove(SIGUSR1);
  source_->Remove(SIGUSR1);
  ASSERT_TRUE(source_->Add(SIGUSR1).ok());
  raise(SIGUSR1);
  int signal = 0;
  Receive(signal);
  world_.Run();
  EXPECT_EQ(signal, SIGUSR1);
}

TEST_F(SignalSourceTest, ADispatcherCallsForEachAndKeepsNobodyAlive) {
  std::vector<int> received;
  ASSERT_TRUE(source_->Add(SIGUSR1).ok());
  ASSERT_TRUE(source_->Add(SIGUSR2).ok());
  const SignalDispatcher dispatcher(
      world_.loop(), *source_,
      [&received](int signal) { received.push_back(signal); });
  world_.NewPlayer()
      .Call([] { raise(SIGUSR1); })
      .Sleep(10 * kMillisecond)
      .Call([] { raise(SIGUSR2); })
      .Sleep(10 * kMillisecond);
  world_.Run();
  EXPECT_EQ(received, (std::vector<int>{SIGUSR1, SIGUSR2}));
}

TEST_F(SignalSourceTest, AChildIsNotBlocked) {
  ASSERT_TRUE(source_->Add(SIGTERM).ok());
  EXPECT_EQ(RunToEnd(Shell("kill $$")).status.signal, SIGTERM);
}

}  // namespace
}  // namespace lev
