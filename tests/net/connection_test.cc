// Connections over the loopback interface, in a loop over epoll, and over a
// network in memory.

#include "lev/net/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"
#include "lev/testing/memory_host.h"
#include "tests/support/descriptors.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

// Two connected connections of one loop. Every test leaves as many
// descriptors open as it found.
class ConnectionTest : public testing::TestWithParam<Place> {
 protected:
  ConnectionTest() { Reconnect(); }
  ~ConnectionTest() override {
    a_.reset();
    b_.reset();
    EXPECT_EQ(world_->loop().stats().registered_fds, 0u);
    EXPECT_EQ(world_->loop().stats().timers, 0u);
    if (world_->host() != nullptr) {
      EXPECT_EQ(world_->host()->open_descriptors(), 0u);
    }
    world_.reset();
    EXPECT_EQ(CountOpenFds(), open_before_);
  }

  void Reconnect() {
    FdPair pair = TcpPair(calls());
    a_ = New(std::move(pair.a));
    b_ = New(std::move(pair.b));
  }
  std::unique_ptr<Connection> New(OwnedFd fd) {
    return std::make_unique<Connection>(world_->loop(), std::move(fd),
                                        world_->scratch());
  }
  std::unique_ptr<Connection> NewUnconnected() {
    return New(std::move(OpenTcpSocket(AF_INET, calls())).value());
  }
  Player& NewPlayer() { return world_->NewPlayer(); }
  SocketCalls& calls() { return world_->calls(); }

  const size_t open_before_ = CountOpenFds();
  std::unique_ptr<RealWorld> world_ = std::make_unique<RealWorld>(GetParam());
  std::unique_ptr<Connection> a_;
  std::unique_ptr<Connection> b_;
  absl::string_view data_;
  std::string text_;
};

TEST_P(ConnectionTest, ConnectReachesAListener) {
  const OwnedFd listener = LoopbackListener(128, calls());
  const auto connection = NewUnconnected();
  Player& player = NewPlayer();
  player.Do([&](bool) { return connection->Connect(AddressOf(listener)); });
  world_->Run();
  EXPECT_FALSE(player.failed());
  EXPECT_EQ(PeerAddress(connection->ref())->port(), AddressOf(listener).port());
}

TEST_P(ConnectionTest, ARefusedConnectSaysSoInWords) {
  const auto connection = NewUnconnected();
  const Address nobody = RefusingAddress(calls());
  Player& player = NewPlayer();
  player.Do([&](bool) { return connection->Connect(nobody); });
  world_->Run();
  EXPECT_TRUE(player.failed());
  EXPECT_EQ(connection->error().message(), "Connection refused");
}

TEST_P(ConnectionTest, ClosingWakesTheOneWhoConnects) {
  const OwnedFd listener = LoopbackListener(/*backlog=*/0, calls());
  std::unique_ptr<Connection> all[4];
  for (auto& connection : all) {
    connection = NewUnconnected();
    connection->Connect(AddressOf(listener));
  }
  Player& player = NewPlayer();
  player.Do([&](bool) { return all[3]->Connect(AddressOf(listener)); });
  NewPlayer().Sleep(kMillisecond).Call([&] { all[3]->Close(); });
  world_->Run();
  EXPECT_TRUE(player.failed());
  EXPECT_EQ(all[3]->error().message(), "socket is closed");
}

TEST_P(ConnectionTest, AnEchoComesBack) {
  std::string heard;
  NewPlayer().Send(*a_, "hello").Recv(*a_, 5, text_);
  NewPlayer().Recv(*b_, 5, heard).Call([&] { NewPlayer().Send(*b_, heard); });
  world_->Run();
  EXPECT_EQ(text_, "hello");
}

TEST_P(ConnectionTest, ALargeMessageArrivesWhole) {
  std::string large;
  for (int i = 0; i < 500'000; ++i) large += std::to_string(i);
  NewPlayer().Send(*a_, large);
  NewPlayer().Recv(*b_, large.size(), text_);
  world_->Run();
  EXPECT_EQ(text_, large);
}

TEST_P(ConnectionTest, ManySmallMessagesArriveInOrder) {
  std::string sent;
  Player& sender = NewPlayer();
  for (int i = 0; i < 1000; ++i) {
    sender.Send(*a_, std::to_string(i));
    sent += std::to_string(i);
  }
  NewPlayer().Recv(*b_, sent.size(), text_);
  world_->Run();
  EXPECT_EQ(text_, sent);
}

TEST_P(ConnectionTest, AnArrivalNobodyWaitedForIsNotLost) {
  NewPlayer().Recv(*b_, 1, text_).Sleep(5 * kMillisecond).Recv(*b_, 2, text_);
  NewPlayer().Send(*a_, "1").Sleep(2 * kMillisecond).Send(*a_, "23");
  world_->Run();
  EXPECT_EQ(text_, "123");
}

TEST_P(ConnectionTest, AHalfClosedPeerIsClosedAndStillHears) {
  NewPlayer().Send(*a_, "last").Call([&] {
    EXPECT_TRUE(a_->Shutdown(SHUT_WR).ok());
  });
  std::string rest;
  NewPlayer().RecvAll(*b_, text_).Send(*b_, "answer").Call([&] {
    b_->Close();
  });
  world_->Run();
  NewPlayer().RecvAll(*a_, rest);
  world_->Run();
  EXPECT_EQ(text_, "last");
  EXPECT_EQ(rest, "answer");
}

TEST_P(ConnectionTest, ThePeersEndWakesTheReader) {
  Player& reader = NewPlayer();
  reader.Do([&](bool) { return b_->RecvSome(10, data_); });
  NewPlayer().Sleep(kMillisecond).Call([&] { a_->Close(); });
  world_->Run();
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(b_->error(), PeerClosedError());
}

TEST_P(ConnectionTest, TheEndInTheMiddleLeavesTheBytes) {
  Player& reader = NewPlayer();
  reader.Do([&](bool) { return b_->RecvExactly(10, data_); });
  NewPlayer().Send(*a_, "half").Sleep(kMillisecond).Call([&] { a_->Close(); });
  world_->Run();
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(b_->reader().buffered(), "half");
}

TEST_P(ConnectionTest, EverythingIsReadToTheEnd) {
  const std::string much(3 << 20, 'x');
  NewPlayer().Send(*a_, much).Call(
      [&] { a_->Shutdown(SHUT_WR).IgnoreError(); });
  NewPlayer().Do([&](bool) { return b_->FillToEnd(much.size()); }).Call([&] {
    text_ = std::string(b_->reader().buffered());
  });
  world_->Run();
  EXPECT_TRUE(text_ == much);
}

TEST_P(ConnectionTest, MoreThanIsWantedIsAnErrorAndStays) {
  NewPlayer().Send(*a_, "0123456789");
  Player& reader = NewPlayer().Do([&](bool) { return b_->FillToEnd(9); });
  world_->Run();
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(b_->error().message(), "output is larger than 9 bytes");
  EXPECT_EQ(b_->reader().buffered(), "0123456789");
}

TEST_P(ConnectionTest, ShuttingDownReadingWakesTheReader) {
  Player& reader = NewPlayer();
  reader.Do([&](bool) { return b_->RecvSome(10, data_); });
  NewPlayer().Sleep(kMillisecond).Call([&] {
    EXPECT_TRUE(b_->Shutdown(SHUT_RD).ok());
  });
  world_->Run();
  EXPECT_EQ(b_->error(), PeerClosedError());
}

TEST_P(ConnectionTest, AResetIsAnErrorInWords) {
  Player& reader = NewPlayer();
  reader.Do([&](bool) { return b_->RecvSome(10, data_); });
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  calls().SetOption(a_->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  NewPlayer().Sleep(kMillisecond).Call([&] { a_->Close(); });
  world_->Run();
  EXPECT_EQ(b_->error().message(), "Connection reset by peer");
}

TEST_P(ConnectionTest, ClosingWakesTheReader) {
  Player& reader = NewPlayer();
  reader.Do([&](bool) { return b_->RecvSome(10, data_); });
  NewPlayer().Sleep(kMillisecond).Call([&] { b_->Close(); });
  world_->Run();
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(b_->error(), SocketClosedError());
}

TEST_P(ConnectionTest, ClosingLeavesNothingInThePoller) {
  NewPlayer().Recv(*b_, 1, text_).Call([&] {
    EXPECT_EQ(world_->loop().stats().registered_fds, 1u);
    b_->Close();
    EXPECT_EQ(world_->loop().stats().registered_fds, 0u);
  });
  NewPlayer().Sleep(kMillisecond).Send(*a_, "x");
  world_->Run();
}

// A child that was forked holds a duplicate: close(2) alone would leave the
// descriptor in epoll.
TEST_P(ConnectionTest, ClosingLeavesNothingInEpollThoughADuplicateIsOpen) {
  if (GetParam() == Place::kMemory) GTEST_SKIP() << "epoll's";
  const OwnedFd duplicate(dup(b_->fd()));
  NewPlayer().Recv(*b_, 1, text_);
  NewPlayer().Sleep(kMillisecond).Call([&] {
    EXPECT_EQ(CountPolledFds(), 1u);
    b_->Close();
    EXPECT_EQ(CountPolledFds(), 0u);
  });
  world_->Run();
}

TEST_P(ConnectionTest, AClosedConnectionSaysSoToEveryVerb) {
  b_->Close();
  b_->Close();
  EXPECT_FALSE(b_->is_open());
  EXPECT_LT(b_->fd(), 0);
  size_t sent = 0;
  EXPECT_TRUE(b_->RecvSome(1, data_).failed());
  EXPECT_TRUE(b_->RecvExactly(1, data_).failed());
  EXPECT_TRUE(b_->RecvUntil("\n", 10, data_).failed());
  EXPECT_TRUE(b_->Fill().failed());
  EXPECT_TRUE(b_->Send(this, false, "x", sent).failed());
  EXPECT_TRUE(b_->Connect(Address()).failed());
  EXPECT_EQ(b_->error(), SocketClosedError());
  EXPECT_EQ(b_->Shutdown(SHUT_WR), SocketClosedError());
  b_->EndSend(this);
}

TEST_P(ConnectionTest, ANewOwnerOfTheNumberHearsNothingOld) {
  if (GetParam() == Place::kMemory) GTEST_SKIP() << "no number comes twice";
  const int number = b_->fd();
  const std::unique_ptr<Connection> old = std::move(b_);
  Player& reader = NewPlayer();
  reader.Do([&](bool) { return old->RecvSome(1, data_); });
  FdPair fresh;
  Player& second = NewPlayer();
  second.Sleep(kMillisecond).Send(*a_, "old").Call([&] {
    old->Close();
    fresh = TcpPair(calls());
    ASSERT_TRUE(fresh.a.get() == number || fresh.b.get() == number);
    b_ = New(std::move(fresh.a.get() == number ? fresh.a : fresh.b));
  });
  second.Do([&](bool retry) {
    EXPECT_FALSE(retry) << "somebody woke the new owner";
    return b_->RecvSome(1, data_);
  });
  NewPlayer().Sleep(5 * kMillisecond).Call([&] { world_->Destroy(second); });
  world_->Run();
  EXPECT_TRUE(reader.failed());
}

TEST_P(ConnectionTest, ASpuriousWakeIsHarmless) {
  Player& reader = NewPlayer();
  reader.Recv(*b_, 2, text_);
  Player& waker = NewPlayer();
  waker.Sleep(kMillisecond).Call([&] { world_->loop().Wake(reader); });
  waker.Sleep(kMillisecond).Send(*a_, "x").Sleep(kMillisecond);
  waker.Send(*a_, "y");
  world_->Run();
  EXPECT_EQ(text_, "xy");
  EXPECT_GE(reader.tries(), 3);
}

TEST_P(ConnectionTest, WhileOneReadsAnotherIsToldThatItIsBusy) {
  EXPECT_FALSE(b_->ReadBusy(false));
  NewPlayer().Recv(*b_, 1, text_);
  NewPlayer()
      .Sleep(kMillisecond)
      .Call([&] {
        EXPECT_TRUE(b_->ReadBusy(false));
        EXPECT_FALSE(b_->ReadBusy(true));
      })
      .Send(*a_, "x");
  world_->Run();
  EXPECT_FALSE(b_->ReadBusy(false));
}

TEST_P(ConnectionTest, AReaderThatWasWokenAndHasNotRunIsBusyStill) {
  Player& reader = NewPlayer();
  reader.Recv(*b_, 1, text_);
  NewPlayer()
      .Sleep(kMillisecond)
      .Call([&] {
        world_->loop().FireOne(*b_->RecvSome(1, data_).list);
        EXPECT_EQ(reader.state(), Waiter::State::kReady);
        EXPECT_TRUE(b_->ReadBusy(false));
      })
      .Send(*a_, "x");
  world_->Run();
}

TEST_P(ConnectionTest, ADestroyedReaderLeavesThePlaceToOthers) {
  Player& reader = NewPlayer();
  reader.Recv(*b_, 9, text_);
  NewPlayer()
      .Send(*a_, "half")
      .Sleep(kMillisecond)
      .Call([&] {
        world_->Destroy(reader);
        EXPECT_FALSE(b_->ReadBusy(false));
      })
      .Recv(*b_, 4, text_);
  world_->Run();
  EXPECT_EQ(text_, "half");
}

TEST_P(ConnectionTest, ALineThatIsTooLongIsAnErrorAndStaysReadable) {
  Player& reader = NewPlayer();
  reader.Do([&](bool) { return b_->RecvUntil("\n", 4, data_); });
  NewPlayer().Send(*a_, "0123456789\n");
  world_->Run();
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(b_->error().message(), "pattern not found within 4 bytes");
  NewPlayer().Recv(*b_, 11, text_);
  world_->Run();
  EXPECT_EQ(text_, "0123456789\n");
}

TEST_P(ConnectionTest, FillGetsMoreIntoTheBuffer) {
  NewPlayer().Do([&](bool) { return b_->Fill(); });
  NewPlayer().Sleep(kMillisecond).Send(*a_, "abc");
  world_->Run();
  EXPECT_EQ(b_->reader().buffered(), "abc");
  EXPECT_EQ(b_->reader().Take(3), "abc");
}

INSTANTIATE_TEST_SUITE_P(Worlds, ConnectionTest, testing::ValuesIn(kPlaces),
                         NameOfPlace);

}  // namespace
}  // namespace lev
