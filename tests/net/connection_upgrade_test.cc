// Tests lev/net/connection.cc: another stream put between the socket and its
// users, as TLS does.

#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/net/connection.h"
#include "lev/net/error.h"
#include "tests/support/descriptors.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

// Turns letters into others and back, and says "!" for goodbye. What it cannot
// write at once it holds back, as TLS does.
class Cipher final : public Stream {
 public:
  explicit Cipher(Stream& beneath) : beneath_(beneath) {}

  IoResult TryRead(absl::Span<char> out) override {
    const IoResult result = beneath_.TryRead(out);
    for (char& c : out.first(result.done() ? result.bytes : 0)) c ^= 1;
    return result;
  }

  IoResult TryWrite(absl::Span<const char> data) override {
    while (!held_back_.empty()) {
      const IoResult result = beneath_.TryWrite(held_back_);
      if (!result.done()) return result;
      held_back_.erase(0, result.bytes);
    }
    for (const char c : data) held_back_ += static_cast<char>(c ^ 1);
    return IoResult::Done(data.size());
  }

  IoResult TryShutdownWrite() override { return beneath_.TryWrite({"!", 1}); }

  int fd() const override { return beneath_.fd(); }
  const absl::Status& error() const override { return beneath_.error(); }

 private:
  Stream& beneath_;
  std::string held_back_;
};

std::string Encrypted(std::string text) {
  for (char& c : text) c ^= 1;
  return text;
}

class UpgradeTest : public testing::Test {
 protected:
  ~UpgradeTest() override {
    a_.reset();
    b_.reset();
    EXPECT_EQ(world_.loop().stats().registered_fds, 0u);
  }

  static void Begin(Connection& connection) {
    connection.BeginUpgrade(
        [](Stream& beneath) { return std::make_unique<Cipher>(beneath); });
  }
  static void Upgrade(Connection& connection) {
    Begin(connection);
    connection.EndUpgrade();
  }
  std::unique_ptr<Connection> New(OwnedFd fd) {
    return std::make_unique<Connection>(world_.loop(), std::move(fd),
                                        world_.scratch());
  }
  Player& NewPlayer() { return world_.NewPlayer(); }

  RealWorld world_;
  FdPair pair_ = TcpPair();
  std::unique_ptr<Connection> a_ = New(std::move(pair_.a));
  std::unique_ptr<Connection> b_ = New(std::move(pair_.b));
  std::string text_;
};

TEST_F(UpgradeTest, BothEndsUnderstandEachOther) {
  EXPECT_EQ(a_->upper(), nullptr);
  Upgrade(*a_);
  Upgrade(*b_);
  EXPECT_NE(a_->upper(), nullptr);
  NewPlayer().Send(*a_, "hello").Recv(*a_, 5, text_);
  NewPlayer().Recv(*b_, 5, text_).Send(*b_, "again");
  world_.Run();
  EXPECT_EQ(text_, "helloagain");
}

TEST_F(UpgradeTest, WhatIsSentIsFlushed) {
  Upgrade(*a_);
  NewPlayer().Send(*a_, std::string(3 << 20, 'x'));
  NewPlayer().Recv(*b_, 3 << 20, text_);
  world_.Run();
  EXPECT_EQ(text_, Encrypted(std::string(3 << 20, 'x')));
}

TEST_F(UpgradeTest, BytesThatCameEarlyBelongToTheNewStream) {
  NewPlayer().Send(*a_, "plain\n" + Encrypted("secret"));
  absl::string_view data;
  NewPlayer().Do([&](bool) { return b_->RecvUntil("\n", 100, data); });
  world_.Run();
  EXPECT_FALSE(b_->reader().buffered().empty());
  Upgrade(*b_);
  EXPECT_TRUE(b_->reader().buffered().empty());
  NewPlayer().Recv(*b_, 6, text_);
  world_.Run();
  EXPECT_EQ(text_, "secret");
}

TEST_F(UpgradeTest, MeanwhileEverybodyIsToldThatItIsBusy) {
  Begin(*b_);
  absl::string_view data;
  size_t sent = 0;
  uint64_t moved = 0;
  EXPECT_TRUE(b_->RecvSome(1, data).failed());
  EXPECT_TRUE(b_->RecvExactly(1, data).failed());
  EXPECT_TRUE(b_->RecvUntil("\n", 10, data).failed());
  EXPECT_TRUE(b_->Fill().failed());
  EXPECT_TRUE(b_->Send(this, false, "x", sent).failed());
  EXPECT_TRUE(b_->SendFile(this, false, 0, 0, 1, moved).failed());
  EXPECT_TRUE(b_->SendFds(this, false, "x", {}, sent).failed());
  EXPECT_EQ(b_->error(), BusyError());
  b_->EndUpgrade();
  EXPECT_TRUE(b_->RecvSome(1, data).blocked());
}

TEST_F(UpgradeTest, TheStreamsOwnAttemptsAreSteps) {
  Begin(*b_);
  Player& player = NewPlayer();
  player.Do([&](bool) {
    char buffer[10];
    const IoResult result = b_->upper()->TryRead(absl::MakeSpan(buffer));
    if (result.done()) text_.assign(buffer, result.bytes);
    return b_->ToStep(result);
  });
  NewPlayer().Sleep(kMillisecond).Send(*a_, Encrypted("hand"));
  world_.Run();
  EXPECT_FALSE(player.failed());
  EXPECT_EQ(text_, "hand");
}

// To read may mean to write first, and the reverse.
TEST_F(UpgradeTest, AnArrivalWakesOneWhoWaitsForRoom) {
  Begin(*b_);
  int tries = 0;
  NewPlayer().Do([&](bool retry) {
    ++tries;
    return retry ? Step::Done() : b_->ToStep(IoResult::WantWrite());
  });
  b_->EndUpgrade();
  NewPlayer().Sleep(5 * kMillisecond).Send(*a_, "x");
  world_.Run();
  EXPECT_EQ(tries, 2);
}

TEST_F(UpgradeTest, CloseSaysGoodbye) {
  Upgrade(*a_);
  NewPlayer().Send(*a_, "last").Call([&] { a_->Close(); });
  NewPlayer().RecvAll(*b_, text_);
  world_.Run();
  EXPECT_EQ(text_, Encrypted("last") + "!");
  EXPECT_FALSE(a_->is_open());
}

TEST_F(UpgradeTest, SoDoesShuttingDownTheWritingSideOnly) {
  Upgrade(*a_);
  EXPECT_TRUE(a_->Shutdown(SHUT_RD).ok());
  NewPlayer().Sleep(kMillisecond).Call([&] {
    EXPECT_TRUE(a_->Shutdown(SHUT_WR).ok());
  });
  NewPlayer().RecvAll(*b_, text_);
  world_.Run();
  EXPECT_EQ(text_, "!");
}

TEST_F(UpgradeTest, ItsErrorsAreTheConnections) {
  Upgrade(*b_);
  CloseWithReset(pair_.a);
  a_->Close();
  absl::string_view data;
  Player& reader = NewPlayer();
  reader.Do([&](bool) { return b_->RecvSome(1, data); });
  world_.Run();
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(b_->error(), PeerClosedError());
}

TEST_F(UpgradeTest, WhoWasReadingBeforeIsToldThatItIsBusy) {
  absl::string_view data;
  Player& reader = NewPlayer();
  reader.Do([&](bool) { return b_->RecvSome(1, data); });
  NewPlayer().Sleep(kMillisecond).Call([&] { Begin(*b_); }).Send(*a_, "x");
  world_.Run();
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(b_->error(), BusyError());
}

TEST_F(UpgradeTest, DescriptorsDoNotPassIt) {
  FdPair pair = UnixPair();
  Connection connection(world_.loop(), std::move(pair.a), world_.scratch(),
                        FdStream::Kind::kUnixSocket);
  EXPECT_TRUE(connection.passes_fds());
  EXPECT_FALSE(a_->passes_fds());
  Upgrade(connection);
  EXPECT_FALSE(connection.passes_fds());
}

}  // namespace
}  // namespace lev
