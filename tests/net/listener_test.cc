#include "lev/net/listener.h"

#include <poll.h>
#include <stdlib.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"
#include "tests/support/descriptors.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

// The sanitizer of undefined behaviour needs descriptors itself: it looks at
// memory by a pipe, and takes a failure for a bad object.
bool CanDoWithoutFds() { return getenv("UBSAN_OPTIONS") == nullptr; }

// Every test leaves as many descriptors open as it found.
class ListenerTest : public testing::TestWithParam<Place> {
 protected:
  ListenerTest() {
    OwnedFd fd = LoopbackListener(128, world_->calls());
    address_ = AddressOf(fd);
    listener_ = std::make_unique<Listener>(world_->loop(), std::move(fd));
  }
  ~ListenerTest() override {
    listener_.reset();
    EXPECT_EQ(world_->loop().stats().registered_fds, 0u);
    clients_.clear();
    world_.reset();
    EXPECT_EQ(CountOpenFds(), open_before_);
  }

  // Somebody connects; the kernel answers for the listener.
  void Come(int count = 1) {
    for (int i = 0; i < count; ++i) {
      auto client = OpenTcpSocket(AF_INET, world_->calls());
      ASSERT_TRUE(client.ok());
      absl::Status error;
      EXPECT_FALSE(StartConnect(client->ref(), address_, error).failed());
      clients_.push_back(std::move(*client));
    }
  }

  // Somebody who accepts one, into `accepted_`.
  Player& NewAcceptor() {
    Player& player = world_->NewPlayer();
    return player.Do([this](bool) {
      OwnedFd fd;
      Address peer;
      const Step step = listener_->Accept(fd, peer);
      if (step.done()) ports_.insert(peer.port());
      return step;
    });
  }

  std::set<int> ClientPorts() {
    std::set<int> ports;
    for (const OwnedFd& client : clients_) {
      ports.insert(AddressOf(client).port());
    }
    return ports;
  }

  const size_t open_before_ = CountOpenFds();
  std::unique_ptr<RealWorld> world_ = std::make_unique<RealWorld>(GetParam());
  std::unique_ptr<Listener> listener_;
  Address address_;
  std::vector<OwnedFd> clients_;
  std::set<int> ports_;
};

TEST_P(ListenerTest, WhoHasComeIsAcceptedAtOnce) {
  Come();
  Player& acceptor = NewAcceptor();
  world_->Run();
  EXPECT_EQ(acceptor.tries(), 1);
  EXPECT_EQ(ports_, ClientPorts());
}

TEST_P(ListenerTest, AnAcceptorWaitsForSomebodyToCome) {
  NewAcceptor();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { Come(); });
  world_->Run();
  EXPECT_EQ(ports_, ClientPorts());
}

TEST_P(ListenerTest, SeveralAcceptorsGetOneEach) {
  for (int i = 0; i < 5; ++i) NewAcceptor();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { Come(5); });
  world_->Run();
  EXPECT_EQ(ports_.size(), 5u);
  EXPECT_EQ(ports_, ClientPorts());
}

TEST_P(ListenerTest, EveryAcceptorIsServedInTheEnd) {
  std::string order;
  for (const char letter : {'1', '2', '3'}) {
    NewAcceptor().Call([&, letter] { order += letter; });
  }
  Player& coming = world_->NewPlayer();
  for (int i = 0; i < 3; ++i) {
    coming.Sleep(2 * kMillisecond).Call([&] { Come(); });
  }
  world_->Run();
  EXPECT_EQ(order.size(), 3u);
}

TEST_P(ListenerTest, OneWhoComesWakesNoMoreThanTwo) {
  std::vector<Player*> acceptors;
  for (int i = 0; i < 5; ++i) acceptors.push_back(&NewAcceptor());
  int tries = 0;
  world_->NewPlayer()
      .Sleep(kMillisecond)
      .Call([&] { Come(); })
      .Sleep(5 * kMillisecond)
      .Call([&] {
        for (const Player* acceptor : acceptors) tries += acceptor->tries();
        listener_->Close();
      });
  world_->Run();
  EXPECT_EQ(ports_.size(), 1u);
  EXPECT_LE(tries, 5 + 2);
}

TEST_P(ListenerTest, OneAcceptorTakesThemOneAfterTheOther) {
  Player& acceptor = world_->NewPlayer();
  for (int i = 0; i < 20; ++i) {
    acceptor.Do([&](bool) {
      OwnedFd fd;
      Address peer;
      const Step step = listener_->Accept(fd, peer);
      if (step.done()) ports_.insert(peer.port());
      return step;
    });
  }
  world_->NewPlayer().Call([&] { Come(10); }).Sleep(2 * kMillisecond).Call([&] {
    Come(10);
  });
  world_->Run();
  EXPECT_EQ(ports_, ClientPorts());
}

TEST_P(ListenerTest, ADestroyedAcceptorLeavesTheArrivalToTheNext) {
  Player& first = NewAcceptor();
  NewAcceptor();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    world_->Destroy(first);
    Come();
  });
  world_->Run();
  EXPECT_EQ(ports_, ClientPorts());
}

TEST_P(ListenerTest, AnAcceptorDestroyedAfterItsWakeLeavesItToTheNext) {
  Player& first = NewAcceptor();
  NewAcceptor();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    OwnedFd fd;
    Address peer;
    const Step step = listener_->Accept(fd, peer);
    ASSERT_TRUE(step.blocked());
    Come();
    EXPECT_TRUE(world_->loop().FireOne(*step.list));
    ASSERT_EQ(first.state(), Waiter::State::kReady);
    world_->Destroy(first);
  });
  world_->Run();
  EXPECT_EQ(ports_, ClientPorts());
}

TEST_P(ListenerTest, ClosingWakesAllAcceptors) {
  std::vector<Player*> acceptors;
  for (int i = 0; i < 3; ++i) acceptors.push_back(&NewAcceptor());
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { listener_->Close(); });
  world_->Run();
  for (const Player* acceptor : acceptors) EXPECT_TRUE(acceptor->failed());
  EXPECT_EQ(listener_->error(), SocketClosedError());
}

TEST_P(ListenerTest, AClosedListenerSaysSo) {
  listener_->Close();
  listener_->Close();
  OwnedFd fd;
  Address peer;
  EXPECT_TRUE(listener_->Accept(fd, peer).failed());
  EXPECT_EQ(listener_->error().message(), "socket is closed");
  EXPECT_FALSE(listener_->is_open());
  EXPECT_LT(listener_->fd(), 0);
}

TEST_P(ListenerTest, AClosedListenerRefusesNewcomers) {
  listener_->Close();
  const auto client = OpenTcpSocket(AF_INET, world_->calls());
  absl::Status error;
  if (!StartConnect(client->ref(), address_, error).failed()) {
    const bool real = GetParam() == Place::kKernel;
    ASSERT_TRUE(!real || AwaitPoll(client->get(), POLLOUT));
    EXPECT_TRUE(FinishConnect(client->ref(), error).failed());
  }
  EXPECT_EQ(error.message(), "Connection refused");
}

TEST_P(ListenerTest, WithoutFreeDescriptorsAcceptorsWaitAndGoOn) {
  if (!CanDoWithoutFds()) GTEST_SKIP();
  std::unique_ptr<Shortage> none;
  NewAcceptor();
  NewAcceptor();
  world_->NewPlayer()
      .Sleep(kMillisecond)
      .Call([&] {
        Come(2);
        none = std::make_unique<Shortage>(*world_);
      })
      .Sleep(2 * Listener::kPause)
      .Call([&] {
        EXPECT_TRUE(ports_.empty());
        none.reset();
      });
  world_->Run();
  EXPECT_EQ(ports_, ClientPorts());
}

TEST_P(ListenerTest, AShortageOfDescriptorsIsToldOnce) {
  if (!CanDoWithoutFds()) GTEST_SKIP();
  int alarms = 0;
  Come();
  auto none = std::make_unique<Shortage>(*world_);
  NewAcceptor();
  Player& watcher = world_->NewPlayer();
  for (int i = 0; i < 4; ++i) {
    watcher.Sleep(Listener::kPause).Call([&] {
      alarms += listener_->TakePauseAlarm() ? 1 : 0;
    });
  }
  watcher.Call([&] { none.reset(); });
  world_->Run();
  EXPECT_EQ(alarms, 1);
  EXPECT_EQ(listener_->error().message(), "Too many open files");
}

TEST_P(ListenerTest, APauseKeepsNoRunAlive) {
  if (!CanDoWithoutFds()) GTEST_SKIP();
  Come();
  const Shortage none(*world_);
  Player& acceptor = NewAcceptor();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    world_->Destroy(acceptor);
  });
  world_->Run();
  EXPECT_EQ(world_->loop().stats().parked, 0u);
}

INSTANTIATE_TEST_SUITE_P(Worlds, ListenerTest, testing::ValuesIn(kPlaces),
                         NameOfPlace);

}  // namespace
}  // namespace lev
