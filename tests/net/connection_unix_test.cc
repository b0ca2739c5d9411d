// Tests lev/net/connection.cc: connecting to a UNIX listener whose queue is
// full, connecting again, and giving the descriptor away.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lev/net/connection.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"
#include "lev/net/unix_socket.h"
#include "tests/support/descriptors.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

// A listener whose queue is full: two connections wait to be accepted.
class FullQueueTest : public testing::Test {
 protected:
  FullQueueTest() {
    BoundPath path;
    listener_ =
        std::move(OpenUnixListener(address_, {.backlog = 0}, path)).value();
    while (true) {
      OwnedFd fd = std::move(OpenUnixSocket(SOCK_STREAM)).value();
      if (connect(fd.get(), address_.data(), address_.size()) != 0) break;
      queued_.push_back(std::move(fd));
    }
    Reopen();
  }
  ~FullQueueTest() override {
    connection_.reset();
    EXPECT_EQ(world_->loop().stats().timers, 0u);
  }

  void Reopen() {
    connection_ = std::make_unique<Connection>(
        world_->loop(), std::move(OpenUnixSocket(SOCK_STREAM)).value(),
        world_->scratch(), FdStream::Kind::kUnixSocket);
  }
  Player& NewConnector() {
    Player& player = world_->NewPlayer();
    return player.Do([this](bool) { return connection_->Connect(address_); });
  }
  // Takes one out of the queue.
  void MakeRoom() {
    OwnedFd fd;
    Address peer;
    absl::Status error;
    EXPECT_TRUE(TryAccept(listener_.get(), fd, peer, error).done());
  }

  const Address address_ =
      *Address::Unix(absl::StrCat("@lev full queue ", getpid()));
  OwnedFd listener_;
  std::vector<OwnedFd> queued_;
  std::unique_ptr<RealWorld> world_ = std::make_unique<RealWorld>();
  std::unique_ptr<Connection> connection_;
};

TEST_F(FullQueueTest, ConnectWaitsAndConnectsWhenThereIsRoom) {
  Player& connector = NewConnector();
  world_->NewPlayer().Sleep(30 * kMillisecond).Call([&] {
    EXPECT_FALSE(connector.ended());
    EXPECT_FALSE(connection_->connecting());
    MakeRoom();
  });
  world_->Run();
  EXPECT_FALSE(connector.failed()) << connection_->error();
  EXPECT_TRUE(PeerAddress(connection_->fd()).ok());
}

TEST_F(FullQueueTest, WhenTheListenerGoesConnectIsRefused) {
  Player& connector = NewConnector();
  world_->NewPlayer().Sleep(5 * kMillisecond).Call([&] { listener_.Close(); });
  world_->Run();
  EXPECT_TRUE(connector.failed());
  EXPECT_EQ(connection_->error().message(), "Connection refused");
}

TEST_F(FullQueueTest, ClosingWakesTheOneWhoWaits) {
  Player& connector = NewConnector();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { connection_->Close(); });
  world_->Run();
  EXPECT_TRUE(connector.failed());
  EXPECT_EQ(connection_->error(), SocketClosedError());
}

// The timer that would try again belongs to the loop.
TEST_F(FullQueueTest, AClosedConnectionOutlivesTheLoop) {
  Player& connector = NewConnector();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    world_->Destroy(connector);
    connection_->Close();
  });
  world_->Run();
  world_ = nullptr;
  EXPECT_FALSE(connection_->is_open());
  world_ = std::make_unique<RealWorld>();
}

TEST_F(FullQueueTest, TheRetriesKeepNoRunAlive) {
  Player& connector = NewConnector();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    world_->Destroy(connector);
  });
  world_->Run();
  EXPECT_EQ(world_->loop().stats().parked, 0u);
}

class ReconnectTest : public testing::Test {
 protected:
  Step Try(const Address& peer) {
    failed_ = false;
    Player& player = world_.NewPlayer();
    player.Do([&](bool) { return connection_.Connect(peer); });
    world_.Run();
    failed_ = player.failed();
    return Step::Done();
  }

  RealWorld world_;
  Connection connection_{world_.loop(),
                         std::move(OpenTcpSocket(AF_INET)).value(),
                         world_.scratch()};
  bool failed_ = false;
};

TEST_F(ReconnectTest, AConnectedSocketIsToldSo) {
  const OwnedFd listener = LoopbackListener();
  Try(AddressOf(listener));
  EXPECT_FALSE(failed_);
  EXPECT_FALSE(connection_.connecting());
  Try(RefusingAddress());
  EXPECT_TRUE(failed_);
  EXPECT_EQ(connection_.error().message(),
            "Transport endpoint is already connected");
}

// What it says after a failure is the kernel's business; it must not wait for
// an answer to a question that was not asked.
TEST_F(ReconnectTest, ConnectingAgainAfterARefusalDoesNotHang) {
  Try(RefusingAddress());
  EXPECT_TRUE(failed_);
  EXPECT_FALSE(connection_.connecting());
  const OwnedFd listener = LoopbackListener();
  Try(AddressOf(listener));
  Try(AddressOf(listener));
  EXPECT_FALSE(failed_) << connection_.error();
}

class ReleaseTest : public testing::Test {
 protected:
  RealWorld world_;
  FdPair pair_ = UnixPair();
  Connection connection_{world_.loop(), std::move(pair_.a), world_.scratch(),
                         FdStream::Kind::kUnixSocket};
};

TEST_F(ReleaseTest, GivesTheDescriptorAwayOpen) {
  const int number = connection_.fd();
  const OwnedFd fd = connection_.Release();
  EXPECT_EQ(fd.get(), number);
  EXPECT_GE(fcntl(number, F_GETFD), 0);
  EXPECT_FALSE(connection_.is_open());
  connection_.Close();
  EXPECT_GE(fcntl(number, F_GETFD), 0);
}

TEST_F(ReleaseTest, WakesAllWhoWaitAndLeavesNothingInThePoller) {
  const std::string much(8 << 20, 'x');
  Player& reader = world_.NewPlayer();
  absl::string_view data;
  reader.Do([&](bool) { return connection_.RecvSome(1, data); });
  Player& sender = world_.NewPlayer().Send(connection_, much);
  Player& queued = world_.NewPlayer().Send(connection_, "behind");
  OwnedFd fd;
  world_.NewPlayer().Sleep(kMillisecond).Call([&] {
    fd = connection_.Release();
  });
  world_.Run();
  for (const Player* player : {&reader, &sender, &queued}) {
    EXPECT_TRUE(player->failed());
  }
  EXPECT_EQ(connection_.error(), SocketClosedError());
  EXPECT_EQ(world_.loop().stats().registered_fds, 0u);
}

TEST_F(ReleaseTest, OfAClosedConnectionGivesNothing) {
  connection_.Close();
  EXPECT_FALSE(connection_.Release().valid());
}

}  // namespace
}  // namespace lev
