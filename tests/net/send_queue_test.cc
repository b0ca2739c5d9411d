// How several send on one connection: whole, in order, and nobody is stuck
// when one of them is gone. Tests lev/net/connection.cc.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lev/net/connection.h"
#include "lev/net/socket_options.h"
#include "tests/support/descriptors.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

constexpr size_t kSize = 100'000;

// "aaabbb" -> "ab": in which order whole messages came.
std::string Order(const std::string& text) {
  std::string order;
  for (const char c : text) {
    if (order.empty() || order.back() != c) order += c;
  }
  return order;
}

// A connection with so little room that every message blocks.
class SendQueueTest : public testing::Test {
 protected:
  SendQueueTest() {
    FdPair pair = UnixPair();
    EXPECT_TRUE(SetRawOption(pair.a.get(), SOL_SOCKET, SO_SNDBUF, 1).ok());
    a_ = New(std::move(pair.a));
    b_ = New(std::move(pair.b));
  }
  ~SendQueueTest() override {
    a_.reset();
    b_.reset();
    EXPECT_EQ(world_->loop().stats().registered_fds, 0u);
    world_.reset();
    EXPECT_EQ(CountOpenFds(), open_before_);
  }

  std::unique_ptr<Connection> New(OwnedFd fd) {
    return std::make_unique<Connection>(world_->loop(), std::move(fd),
                                        world_->scratch());
  }

  Player& NewSender(char letter, size_t size = kSize) {
    return world_->NewPlayer().Send(*a_, std::string(size, letter));
  }

  // Until the connection is closed.
  void ReadAll() {
    world_->NewPlayer().Sleep(2 * kMillisecond).RecvAll(*b_, text_);
  }

  const size_t open_before_ = CountOpenFds();
  std::unique_ptr<RealWorld> world_ = std::make_unique<RealWorld>();
  std::unique_ptr<Connection> a_;
  std::unique_ptr<Connection> b_;
  std::string text_;
};

TEST_F(SendQueueTest, SendersGoWholeAndInOrder) {
  for (const char letter : {'1', '2', '3'}) NewSender(letter);
  NewSender('4').Call([&] { a_->Close(); });
  ReadAll();
  world_->Run();
  EXPECT_EQ(text_.size(), 4 * kSize);
  EXPECT_EQ(Order(text_), "1234");
}

TEST_F(SendQueueTest, ANewcomerWaitsBehindThoseWhoWait) {
  // The first comes back at once, while the second was woken but did not run.
  NewSender('1').Send(*a_, std::string(kSize, '3')).Call([&] { a_->Close(); });
  NewSender('2');
  ReadAll();
  world_->Run();
  EXPECT_EQ(Order(text_), "123");
}

TEST_F(SendQueueTest, SmallMessagesQueueBehindALargeOne) {
  NewSender('1');
  NewSender('2', 1);
  NewSender('3', 1).Call([&] { a_->Close(); });
  ReadAll();
  world_->Run();
  EXPECT_EQ(text_, std::string(kSize, '1') + "23");
}

TEST_F(SendQueueTest, AnEmptyMessageWaitsForItsTurnAndPassesItOn) {
  NewSender('1');
  NewSender('2', 0);
  NewSender('3').Call([&] { a_->Close(); });
  ReadAll();
  world_->Run();
  EXPECT_EQ(text_.size(), 2 * kSize);
  EXPECT_EQ(Order(text_), "13");
}

TEST_F(SendQueueTest, ASenderThatGivesUpInTheQueueIsPassedOver) {
  NewSender('1');
  Player& second = NewSender('2');
  NewSender('3').Call([&] { a_->Close(); });
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    world_->Destroy(second);
    a_->EndSend(&second);
  });
  ReadAll();
  world_->Run();
  EXPECT_EQ(text_.size(), 2 * kSize);
  EXPECT_EQ(Order(text_), "13");
}

TEST_F(SendQueueTest, ASenderThatGivesUpHalfWayLetsTheNextGo) {
  Player& first = NewSender('1', 100 * kSize);
  NewSender('2').Call([&] { a_->Close(); });
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    world_->Destroy(first);
    a_->EndSend(&first);
  });
  ReadAll();
  world_->Run();
  EXPECT_EQ(Order(text_), "12");
  EXPECT_EQ(text_.size() - text_.find('2'), kSize);
}

TEST_F(SendQueueTest, ASenderThatIsGoneWhenItsTurnComesPassesItOn) {
  Player* second = nullptr;
  NewSender('1').Call([&] { world_->Destroy(*second); });
  second = &NewSender('2');
  NewSender('3').Call([&] { a_->Close(); });
  ReadAll();
  world_->Run();
  EXPECT_EQ(Order(text_), "13");
  EXPECT_EQ(text_.size(), 2 * kSize);
}

TEST_F(SendQueueTest, OnlyTheSenderCanEndItsSending) {
  NewSender('1');
  NewSender('2').Call([&] { a_->Close(); });
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { a_->EndSend(this); });
  ReadAll();
  world_->Run();
  EXPECT_EQ(Order(text_), "12");
}

TEST_F(SendQueueTest, ClosingWakesTheSenderAndTheQueue) {
  std::vector<Player*> senders;
  for (const char letter : {'1', '2', '3'}) {
    senders.push_back(&NewSender(letter, 100 * kSize));
  }
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { a_->Close(); });
  world_->Run();
  for (const Player* sender : senders) EXPECT_TRUE(sender->failed());
  EXPECT_EQ(a_->error().message(), "socket is closed");
}

TEST_F(SendQueueTest, ClosingWakesReaderAndSenderAlike) {
  Player& sender = NewSender('1', 100 * kSize);
  Player& reader = world_->NewPlayer().Recv(*a_, 1, text_);
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { a_->Close(); });
  world_->Run();
  EXPECT_TRUE(sender.failed());
  EXPECT_TRUE(reader.failed());
}

TEST_F(SendQueueTest, ThePeersResetEndsTheWholeQueue) {
  Player& first = NewSender('1', 100 * kSize);
  Player& second = NewSender('2');
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { b_->Close(); });
  world_->Run();
  EXPECT_TRUE(first.failed());
  EXPECT_TRUE(second.failed());
  EXPECT_EQ(a_->error().message(), "closed");
}

TEST_F(SendQueueTest, AFullDirectionDoesNotKeepFromReading) {
  NewSender('1').Call([&] { a_->Close(); });
  std::string answer;
  world_->NewPlayer().Recv(*a_, 6, answer).Call([&] { ReadAll(); });
  world_->NewPlayer().Sleep(kMillisecond).Send(*b_, "answer");
  world_->Run();
  EXPECT_EQ(answer, "answer");
  EXPECT_EQ(text_.size(), kSize);
}

}  // namespace
}  // namespace lev
