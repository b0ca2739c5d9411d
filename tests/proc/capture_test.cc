#include "lev/proc/capture.h"

#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "gtest/gtest.h"
#include "lev/proc/stdio.h"
#include "tests/support/bell.h"
#include "tests/support/descriptors.h"
#include "tests/support/programs.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

// A process that was killed is gone in no time, but not at once.
bool AwaitGone(pid_t pid) {
  for (int i = 0; i < 1000 && IsAlive(pid); ++i) usleep(5000);
  return !IsAlive(pid);
}

class CaptureTest : public ::testing::Test {
 protected:
  ~CaptureTest() override {
    capture_.reset();
    EXPECT_EQ(CountChildren(), 0) << "a child is left";
    EXPECT_EQ(CountOpenFds(), fds_) << "descriptors leaked";
  }

  void Start(SpawnOptions options, CaptureOptions capture = {}) {
    Pipe input = *OpenPipeToChild();
    Pipe output = *OpenPipeFromChild();
    Pipe error = *OpenPipeFromChild();
    options.stdio = {input.childs.get(), output.childs.get(),
                     error.childs.get()};
    options.new_group = true;
    Capture::Pipes pipes{std::move(input.ours), std::move(output.ours),
                         std::move(error.ours)};
    capture_ = std::make_unique<Capture>(world_.loop(), *Spawn(options),
                                         std::move(pipes), world_.scratch(),
                                         std::move(capture));
  }

  // Runs until it is over; "" or the error.
  std::string Finish() {
    world_.NewPlayer().Do([this](bool) { return capture_->Wait(); });
    world_.Run();
    return std::string(capture_->error().message());
  }

  Instant In(Nanos time) { return After(world_.loop().FreshNow(), time); }

  RealWorld world_;
  const size_t fds_ = CountOpenFds();
  std::unique_ptr<Capture> capture_;
};

TEST_F(CaptureTest, BothOutputsAndTheCodeAreTold) {
  Start(Shell("echo out; echo err >&2; exit 4"));
  EXPECT_EQ(Finish(), "");
  EXPECT_EQ(capture_->output(), "out\n");
  EXPECT_EQ(capture_->errors(), "err\n");
  EXPECT_EQ(capture_->status().code, 4);
}

TEST_F(CaptureTest, MuchGoesInAndOutAtTheSameTime) {
  const std::string much(4 << 20, 'x');
  Start(Shell("tee /dev/stderr"), {.input = much});
  EXPECT_EQ(Finish(), "");
  EXPECT_TRUE(capture_->output() == much);
  EXPECT_TRUE(capture_->errors() == much);
}

TEST_F(CaptureTest, AChildThatDoesNotReadItsInputIsNoFailure) {
  Start(Shell("exec <&-; echo done"), {.input = std::string(1 << 20, 'x')});
  EXPECT_EQ(Finish(), "");
  EXPECT_EQ(capture_->output(), "done\n");
}

TEST_F(CaptureTest, TheSignalThatKilledItIsTold) {
  Start(Shell("kill -9 $$"));
  EXPECT_EQ(Finish(), "");
  EXPECT_EQ(capture_->status().signal, SIGKILL);
}

TEST_F(CaptureTest, OutputsMayEndBeforeTheChild) {
  Start(Shell("exec >&- 2>&-; sleep 0.05; exit 6"));
  EXPECT_EQ(Finish(), "");
  EXPECT_EQ(capture_->status().code, 6);
}

TEST_F(CaptureTest, ADeadlineEndsItPolitely) {
  Start(Shell("echo begun; trap 'echo bye; exit 2' TERM; "
              "while :; do sleep 0.01; done"),
        {.deadline = In(200 * kMillisecond), .grace = 20 * kSecond});
  EXPECT_EQ(Finish(), "timeout");
  EXPECT_EQ(capture_->output(), "begun\nbye\n");
  EXPECT_EQ(capture_->status().code, 2);
}

TEST_F(CaptureTest, WhoIgnoresThatIsKilled) {
  Start(Shell("trap '' TERM; echo begun; while :; do sleep 0.01; done"),
        {.deadline = In(100 * kMillisecond), .grace = 50 * kMillisecond});
  EXPECT_EQ(Finish(), "timeout");
  EXPECT_EQ(capture_->output(), "begun\n");
  EXPECT_EQ(capture_->status().signal, SIGKILL);
}

TEST_F(CaptureTest, AGrandchildThatHoldsThePipesEndsWithTheGroup) {
  Start(Shell("sleep 60 & echo gone"), {.deadline = In(200 * kMillisecond)});
  EXPECT_EQ(Finish(), "timeout");
  EXPECT_EQ(capture_->output(), "gone\n");
  EXPECT_EQ(capture_->status().code, 0);
}

TEST_F(CaptureTest, AGrandchildThatStaysBehindEndsWithTheGroup) {
  // It ignores SIGTERM, and holds no pipe.
  Start(Shell("trap '' TERM; sleep 60 >/dev/null 2>&1 & echo $!; trap - TERM;"
              "exec sleep 60"),
        {.deadline = In(kSecond)});
  EXPECT_EQ(Finish(), "timeout");
  EXPECT_EQ(capture_->status().signal, SIGTERM);
  pid_t left = 0;
  ASSERT_TRUE(absl::SimpleAtoi(capture_->output(), &left));
  EXPECT_TRUE(AwaitGone(left));
}

TEST_F(CaptureTest, TooMuchOutputEndsIt) {
  Start(Command({"yes"}), {.max_size = 1000});
  EXPECT_EQ(Finish(), "output is larger than 1000 bytes");
  EXPECT_EQ(capture_->output().size(), 1000U);
  EXPECT_EQ(capture_->status().signal, SIGTERM);
}

TEST_F(CaptureTest, OutputOfExactlyTheLimitIsNotTooMuch) {
  Start(Shell("printf 1234567890"), {.max_size = 10});
  EXPECT_EQ(Finish(), "");
  EXPECT_EQ(capture_->output(), "1234567890");
}

TEST_F(CaptureTest, ItCanBeCancelled) {
  Start(Command({"/bin/sleep", "60"}));
  world_.NewPlayer().Sleep(kMillisecond).Call([this] { capture_->Cancel(); });
  EXPECT_EQ(Finish(), "cancelled");
  EXPECT_EQ(capture_->status().signal, SIGTERM);
}

TEST_F(CaptureTest, ItCanBeCancelledByAList) {
  Bell bell;
  Start(Command({"/bin/sleep", "60"}), {.cancel = &bell});
  world_.NewPlayer().Sleep(kMillisecond).Call([&bell] { bell.FireAll(); });
  EXPECT_EQ(Finish(), "cancelled");
  capture_.reset();
}

TEST_F(CaptureTest, DestroyedInTheMiddleItLeavesNothing) {
  Start(Shell("sleep 60 & yes"), {.input = std::string(1 << 20, 'x')});
  world_.NewPlayer().Sleep(10 * kMillisecond).Call([this] {
    capture_.reset();
  });
  world_.Run();
  EXPECT_EQ(CountChildren(), 0);
}

TEST_F(CaptureTest, NothingIsCollectedThatIsNotPiped) {
  SpawnOptions options = Shell("exit 3");
  capture_ = std::make_unique<Capture>(world_.loop(), *Spawn(options),
                                       Capture::Pipes{}, world_.scratch(),
                                       CaptureOptions{});
  EXPECT_EQ(Finish(), "");
  EXPECT_EQ(capture_->status().code, 3);
}

}  // namespace
}  // namespace lev
