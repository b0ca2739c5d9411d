// Tests lev/net/connection.cc: files and descriptors in the queue of senders.

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/net/connection.h"
#include "lev/net/error.h"
#include "lev/net/socket_options.h"
#include "tests/support/descriptors.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

// Passes everything on, as an upper stream: sendfile(2) knows none.
class Relay final : public Stream {
 public:
  explicit Relay(Stream& beneath) : beneath_(beneath) {}
  IoResult TryRead(absl::Span<char> out) override {
    return beneath_.TryRead(out);
  }
  IoResult TryWrite(absl::Span<const char> data) override {
    return beneath_.TryWrite(data);
  }
  IoResult TryShutdownWrite() override { return IoResult::Done(0); }
  int fd() const override { return beneath_.fd(); }
  const absl::Status& error() const override { return beneath_.error(); }

 private:
  Stream& beneath_;
};

class SendFileTest : public testing::Test {
 protected:
  SendFileTest() {
    for (int i = 0; content_.size() < 3'000'000; ++i) {
      content_ += std::to_string(i);
    }
    WriteFile(content_);
  }
  ~SendFileTest() override { fclose(file_); }

  void WriteFile(const std::string& text) {
    ASSERT_EQ(ftruncate(fileno(file_), 0), 0);
    ASSERT_EQ(pwrite(fileno(file_), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
  }
  std::unique_ptr<Connection> New(OwnedFd fd, FdStream::Kind kind) {
    return std::make_unique<Connection>(world_.loop(), std::move(fd),
                                        world_.scratch(), kind);
  }
  Player& NewSender(uint64_t offset, uint64_t count, uint64_t& sent) {
    Player& player = world_.NewPlayer();
    return player.Do([this, &player, offset, count, &sent](bool retry) {
      const Step step =
          a_->SendFile(&player, retry, fileno(file_), offset, count, sent);
      if (!step.blocked()) a_->EndSend(&player);
      return step;
    });
  }
  // What arrives at the other end when `sender` has ended.
  std::string Receive(Player& sender) {
    std::string text;
    sender.Call([this] { a_->Close(); });
    world_.NewPlayer().Sleep(kMillisecond).RecvAll(*b_, text);
    world_.Run();
    return text;
  }

  RealWorld world_;
  FILE* const file_ = tmpfile();
  std::string content_;
  FdPair pair_ = UnixPair();
  std::unique_ptr<Connection> a_ =
      New(std::move(pair_.a), FdStream::Kind::kUnixSocket);
  std::unique_ptr<Connection> b_ =
      New(std::move(pair_.b), FdStream::Kind::kUnixSocket);
  uint64_t sent_ = 0;
};

TEST_F(SendFileTest, AFileArrivesWhole) {
  Player& sender = NewSender(0, content_.size(), sent_);
  EXPECT_EQ(Receive(sender), content_);
  EXPECT_EQ(sent_, content_.size());
}

TEST_F(SendFileTest, APieceFromTheMiddleArrives) {
  Player& sender = NewSender(1'000'000, 1'500'000, sent_);
  EXPECT_EQ(Receive(sender), content_.substr(1'000'000, 1'500'000));
}

TEST_F(SendFileTest, AFileThatIsShorterEndsIt) {
  WriteFile("short");
  Player& sender = NewSender(2, 100, sent_);
  EXPECT_EQ(Receive(sender), "ort");
  EXPECT_EQ(sent_, 3u);
  EXPECT_FALSE(sender.failed());
}

TEST_F(SendFileTest, AFileThatShrinksMeanwhileEndsIt) {
  Player& sender = NewSender(0, content_.size(), sent_);
  world_.NewPlayer().Call([&] { EXPECT_EQ(ftruncate(fileno(file_), 10), 0); });
  const std::string text = Receive(sender);
  EXPECT_FALSE(sender.failed());
  EXPECT_EQ(text.size(), sent_);
  EXPECT_LT(sent_, content_.size());
}

TEST_F(SendFileTest, NothingIsSentOfNothing) {
  Player& sender = NewSender(0, 0, sent_);
  EXPECT_EQ(Receive(sender), "");
  EXPECT_FALSE(sender.failed());
}

TEST_F(SendFileTest, ThroughAnUpperStreamItArrives) {
  a_->BeginUpgrade(
      [](Stream& beneath) { return std::make_unique<Relay>(beneath); });
  a_->EndUpgrade();
  Player& sender = NewSender(10, content_.size() - 10, sent_);
  EXPECT_EQ(Receive(sender), content_.substr(10));
}

TEST_F(SendFileTest, ThroughAPipeItArrives) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  b_ = New(OwnedFd(ends[0]), FdStream::Kind::kPipe);
  a_ = New(OwnedFd(ends[1]), FdStream::Kind::kPipe);
  Player& sender = NewSender(0, content_.size(), sent_);
  EXPECT_EQ(Receive(sender), content_);
}

TEST_F(SendFileTest, OthersSendBeforeAndBehindItButNotBetween) {
  world_.NewPlayer().Send(*a_, "before ");
  NewSender(0, content_.size(), sent_);
  Player& last = world_.NewPlayer().Send(*a_, " behind");
  EXPECT_EQ(Receive(last), "before " + content_ + " behind");
}

TEST_F(SendFileTest, OneThatIsGivenUpLeavesTheQueueToTheNext) {
  ASSERT_TRUE(SetRawOption(a_->fd(), SOL_SOCKET, SO_SNDBUF, 1).ok());
  Player& sender = NewSender(0, content_.size(), sent_);
  Player& next = world_.NewPlayer().Send(*a_, "next");
  world_.NewPlayer().Sleep(kMillisecond).Call([&] {
    world_.Destroy(sender);
    a_->EndSend(&sender);
  });
  std::string text = Receive(next);
  EXPECT_EQ(text, content_.substr(0, sent_) + "next");
}

TEST_F(SendFileTest, WhatCannotBeReadIsAnError) {
  for (const bool upgraded : {false, true}) {
    if (upgraded) {
      a_->BeginUpgrade(
          [](Stream& beneath) { return std::make_unique<Relay>(beneath); });
      a_->EndUpgrade();
    }
    uint64_t sent = 0;
    EXPECT_TRUE(a_->SendFile(this, false, 1 << 20, 0, 10, sent).failed());
    EXPECT_EQ(a_->error().message(), "Bad file descriptor");
    a_->EndSend(this);
  }
}

TEST_F(SendFileTest, APeerThatHasGoneIsClosed) {
  b_->Close();
  EXPECT_TRUE(a_->SendFile(this, false, fileno(file_), 0, 10, sent_).failed());
  EXPECT_EQ(a_->error(), PeerClosedError());
}

TEST_F(SendFileTest, DescriptorsGoOnceWithTheFirstByte) {
  ASSERT_TRUE(SetRawOption(a_->fd(), SOL_SOCKET, SO_SNDBUF, 1).ok());
  b_->descriptor().KeepFds();
  EXPECT_TRUE(b_->keeps_fds());
  const int fds[] = {fileno(file_), STDOUT_FILENO};
  const std::string text(500'000, 'x');
  size_t sent = 0;
  Player& sender = world_.NewPlayer();
  sender.Do([&](bool retry) {
    const Step step = a_->SendFds(&sender, retry, text, fds, sent);
    if (!step.blocked()) a_->EndSend(&sender);
    return step;
  });
  EXPECT_EQ(Receive(sender), text);
  bool lost = false;
  EXPECT_EQ(b_->descriptor().TakeFds(lost).size(), 2u);
  EXPECT_EQ(sent, text.size());
}

TEST_F(SendFileTest, DescriptorsWaitForTheirTurn) {
  b_->descriptor().KeepFds();
  const std::string before(2'000'000, 'b');
  const int fd = STDOUT_FILENO;
  size_t sent = 0;
  world_.NewPlayer().Send(*a_, before);
  Player& sender = world_.NewPlayer();
  sender.Do([&](bool retry) {
    const Step step = a_->SendFds(&sender, retry, "fd", {&fd, 1}, sent);
    if (!step.blocked()) a_->EndSend(&sender);
    return step;
  });
  EXPECT_EQ(Receive(sender), before + "fd");
}

}  // namespace
}  // namespace lev
