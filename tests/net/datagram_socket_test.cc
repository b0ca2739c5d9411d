#include "lev/net/datagram_socket.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"
#include "lev/net/unix_socket.h"
#include "tests/support/descriptors.h"
#include "tests/support/real_world.h"

namespace lev {
namespace {

using Family = DatagramSocket::Family;
using Socket = std::unique_ptr<DatagramSocket>;

Address Loopback(uint16_t port = 0) {
  return *Address::Parse("127.0.0.1", port);
}

// Two bound sockets; every test leaves as many descriptors open as it found.
class DatagramSocketTest : public testing::TestWithParam<Place> {
 protected:
  DatagramSocketTest() {
    EXPECT_EQ(a_->Bind(Loopback()), absl::OkStatus());
    EXPECT_EQ(b_->Bind(Loopback()), absl::OkStatus());
  }
  ~DatagramSocketTest() override {
    a_.reset();
    b_.reset();
    EXPECT_EQ(world_->loop().stats().registered_fds, 0u);
    world_.reset();
    EXPECT_EQ(CountOpenFds(), open_before_);
  }

  Socket New(OwnedFd fd, Family family = Family::kFixed) {
    return std::make_unique<DatagramSocket>(world_->loop(), std::move(fd),
                                            world_->scratch(), family);
  }
  Socket NewUnix() { return New(*OpenUnixSocket(SOCK_DGRAM, world_->calls())); }

  static Datagram To(const Socket& socket, absl::string_view data) {
    return {
        .data = data, .peer = *LocalAddress(socket->ref()), .addressed = true};
  }

  // Somebody who receives one into `texts_`.
  Player& NewReceiver() {
    return world_->NewPlayer().Do([this](bool) {
      Datagram datagram;
      const Step step = b_->RecvFrom(100, datagram);
      if (step.done()) texts_.emplace_back(datagram.data);
      return step;
    });
  }

  const size_t open_before_ = CountOpenFds();
  std::unique_ptr<RealWorld> world_ = std::make_unique<RealWorld>(GetParam());
  Socket a_ = New(*OpenUdpSocket(AF_INET, world_->calls()));
  Socket b_ = New(*OpenUdpSocket(AF_INET, world_->calls()));
  std::vector<std::string> texts_;
};

TEST_P(DatagramSocketTest, AReceiverWaitsForADatagram) {
  Player& receiver = NewReceiver();
  world_->NewPlayer().Sleep(kMillisecond).Do([&](bool) {
    return a_->SendTo(To(b_, "hello"));
  });
  world_->Run();
  EXPECT_EQ(texts_, std::vector<std::string>{"hello"});
  EXPECT_EQ(receiver.tries(), 2);
}

TEST_P(DatagramSocketTest, SeveralReceiversGetOneEach) {
  for (int i = 0; i < 3; ++i) NewReceiver();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    for (const char* text : {"one", "two", "three"}) {
      EXPECT_TRUE(a_->SendTo(To(b_, text)).done());
    }
  });
  world_->Run();
  EXPECT_EQ(texts_, (std::vector<std::string>{"one", "two", "three"}));
}

TEST_P(DatagramSocketTest, ADestroyedReceiverLeavesTheArrivalToTheNext) {
  Player& first = NewReceiver();
  NewReceiver();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    Datagram datagram;
    const Step step = b_->RecvFrom(100, datagram);
    ASSERT_TRUE(step.blocked());
    EXPECT_TRUE(a_->SendTo(To(b_, "hello")).done());
    EXPECT_TRUE(world_->loop().FireOne(*step.list));
    world_->Destroy(first);
  });
  world_->Run();
  EXPECT_EQ(texts_, std::vector<std::string>{"hello"});
}

TEST_P(DatagramSocketTest, AShortBatchSavesTheNextCall) {
  std::vector<Datagram> batch(3);
  size_t received = 0;
  EXPECT_TRUE(b_->RecvMany(100, absl::MakeSpan(batch), received).blocked());
  world_->NewPlayer()
      .Call([&] { EXPECT_TRUE(a_->SendTo(To(b_, "one")).done()); })
      .Do([&](bool) {
        return b_->RecvMany(100, absl::MakeSpan(batch), received);
      })
      .Call([&] {
        EXPECT_EQ(received, 1u);
        // An arrival that the loop has not reported yet is not looked for.
        EXPECT_TRUE(a_->SendTo(To(b_, "two")).done());
        size_t none = 0;
        EXPECT_TRUE(b_->RecvMany(100, absl::MakeSpan(batch), none).blocked());
      })
      .Do([&](bool) {
        return b_->RecvMany(100, absl::MakeSpan(batch), received);
      });
  world_->Run();
  EXPECT_EQ(batch[0].data, "two");
}

TEST_P(DatagramSocketTest, ABatchIsNoLargerThanTheBufferAllows) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(a_->SendTo(To(b_, "x")).done());
  std::vector<Datagram> batch(5);
  size_t received = 0;
  const size_t half = world_->scratch().size() / 2;
  EXPECT_TRUE(b_->RecvMany(half, absl::MakeSpan(batch), received).done());
  EXPECT_EQ(received, 2u);
  EXPECT_TRUE(b_->RecvMany(half * 9, absl::MakeSpan(batch), received).done());
  EXPECT_EQ(received, 1u);
}

TEST_P(DatagramSocketTest, AnUnreachablePortIsToldOnceAndTheSocketGoesOn) {
  const Address gone = *LocalAddress(b_->ref());
  b_->Close();
  ASSERT_EQ(a_->Connect(gone), absl::OkStatus());
  EXPECT_TRUE(a_->SendTo({.data = "anybody?"}).done());
  Datagram datagram;
  EXPECT_TRUE(a_->RecvFrom(10, datagram).failed());
  EXPECT_EQ(a_->error().message(), "Connection refused");
  EXPECT_TRUE(a_->RecvFrom(10, datagram).blocked());
  EXPECT_EQ(a_->Disconnect(), absl::OkStatus());
  EXPECT_TRUE(
      a_->SendTo({.data = "x", .peer = gone, .addressed = true}).done());
}

TEST_P(DatagramSocketTest, APostponedErrorIsToldByTheNextReceive) {
  ASSERT_EQ(a_->Connect(*LocalAddress(b_->ref())), absl::OkStatus());
  b_->Close();
  EXPECT_TRUE(a_->SendTo({.data = "anybody?"}).done());
  Datagram datagram;
  EXPECT_TRUE(a_->RecvFrom(10, datagram).failed());
  a_->PostponeError();
  EXPECT_TRUE(a_->RecvFrom(10, datagram).failed());
  EXPECT_EQ(a_->error().message(), "Connection refused");
  EXPECT_TRUE(a_->RecvFrom(10, datagram).blocked());
}

TEST_P(DatagramSocketTest, ManyAreSentInAsManyCallsAsItTakes) {
  const std::vector<Datagram> out(150, To(b_, "x"));
  size_t sent = 0;
  EXPECT_TRUE(a_->SendMany(out, sent).done());
  EXPECT_EQ(sent, out.size());
}

TEST_P(DatagramSocketTest, VeryManyLetOthersRun) {
  const std::vector<Datagram> out(1100, To(b_, "x"));
  size_t sent = 0;
  Player& sender =
      world_->NewPlayer().Do([&](bool) { return a_->SendMany(out, sent); });
  world_->Run();
  EXPECT_EQ(sender.tries(), 2);
  EXPECT_EQ(sent, out.size());
}

TEST_P(DatagramSocketTest, AnErrorAmongManyIsThatOfTheFirstNotSent) {
  const std::string large(70'000, 'x');
  const std::vector<Datagram> out = {To(b_, "1"), To(b_, large), To(b_, "3")};
  size_t sent = 0;
  EXPECT_TRUE(a_->SendMany(out, sent).failed());
  EXPECT_EQ(sent, 1u);
  EXPECT_EQ(a_->error().message(), "Message too long");
}

TEST_P(DatagramSocketTest, ClosingWakesWhoWaits) {
  Player& one = NewReceiver();
  Player& two = NewReceiver();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] { b_->Close(); });
  world_->Run();
  EXPECT_TRUE(one.failed() && two.failed());
  EXPECT_EQ(b_->error(), SocketClosedError());
}

TEST_P(DatagramSocketTest, AClosedSocketSaysSo) {
  a_->Close();
  a_->Close();
  Datagram datagram;
  size_t count = 0;
  EXPECT_TRUE(a_->RecvFrom(10, datagram).failed());
  EXPECT_TRUE(a_->RecvMany(10, absl::MakeSpan(&datagram, 1), count).failed());
  EXPECT_TRUE(a_->SendTo(datagram).failed());
  EXPECT_TRUE(a_->SendMany({}, count).failed());
  EXPECT_EQ(a_->Bind(Loopback()), SocketClosedError());
  EXPECT_EQ(a_->Connect(Loopback()), SocketClosedError());
  EXPECT_EQ(a_->Disconnect(), SocketClosedError());
  EXPECT_EQ(a_->Join(Loopback(), ""), SocketClosedError());
  EXPECT_EQ(a_->Leave(Loopback(), ""), SocketClosedError());
  EXPECT_EQ(a_->SetOption(*FindSocketOption("ttl"), {1, ""}),
            SocketClosedError());
  EXPECT_FALSE(a_->is_open());
}

// The family of a socket that has none at first.

TEST_P(DatagramSocketTest, TheFirstAddressDecidesTheFamily) {
  const Socket socket =
      New(*OpenUdpSocket(AF_INET, world_->calls()), Family::kByFirstUse);
  const int number = socket->fd();
  ASSERT_EQ(socket->Bind(*Address::Parse("::1", 0)), absl::OkStatus());
  EXPECT_EQ(socket->fd(), number);
  EXPECT_EQ(SocketFamily(socket->ref()).value(), AF_INET6);
  if (GetParam() == Place::kKernel) {
    EXPECT_TRUE(fcntl(number, F_GETFD) & FD_CLOEXEC);
    EXPECT_TRUE(fcntl(number, F_GETFL) & O_NONBLOCK);
  }
  EXPECT_EQ(socket->Bind(Loopback()).ok(), false);
}

TEST_P(DatagramSocketTest, OnceItIsIPv4ItStaysSo) {
  const Socket socket =
      New(*OpenUdpSocket(AF_INET, world_->calls()), Family::kByFirstUse);
  EXPECT_TRUE(socket->SendTo(To(a_, "x")).done());
  const Datagram six = {
      .data = "x", .peer = *Address::Parse("::1", 9), .addressed = true};
  EXPECT_TRUE(socket->SendTo(six).failed());
  EXPECT_EQ(socket->error().message(),
            "Address family not supported by protocol");
}

TEST_P(DatagramSocketTest, OptionsSetBeforeAreThereAfterwards) {
  const Socket socket =
      New(*OpenUdpSocket(AF_INET, world_->calls()), Family::kByFirstUse);
  const SocketOption& reuse = *FindSocketOption("reuseaddr");
  const SocketOption& ttl = *FindSocketOption("ttl");
  EXPECT_EQ(socket->SetOption(reuse, {1, ""}), absl::OkStatus());
  EXPECT_EQ(socket->SetOption(ttl, {7, ""}), absl::OkStatus());
  ASSERT_EQ(socket->Connect(*Address::Parse("::1", 9)), absl::OkStatus());
  EXPECT_EQ(GetSocketOption(socket->ref(), reuse)->number, 1);
  EXPECT_EQ(GetSocketOption(socket->ref(), ttl)->number, 7);
}

TEST_P(DatagramSocketTest, WhoWaitsAlreadyIsMovedToTheIPv6Socket) {
  b_ = New(*OpenUdpSocket(AF_INET, world_->calls()), Family::kByFirstUse);
  const Socket six = New(*OpenUdpSocket(AF_INET6, world_->calls()));
  ASSERT_EQ(six->Bind(*Address::Parse("::1", 0)), absl::OkStatus());
  NewReceiver();
  world_->NewPlayer().Sleep(kMillisecond).Call([&] {
    EXPECT_TRUE(b_->SendTo(To(six, "ask")).done());
    Datagram datagram;
    EXPECT_TRUE(six->RecvFrom(10, datagram).done());
    datagram.addressed = true;
    EXPECT_TRUE(six->SendTo(datagram).done());
  });
  world_->Run();
  EXPECT_EQ(texts_, std::vector<std::string>{"ask"});
}

TEST_P(DatagramSocketTest, WithoutADescriptorForItTheSocketStaysUndecided) {
  const Socket socket =
      New(*OpenUdpSocket(AF_INET, world_->calls()), Family::kByFirstUse);
  const Address six = *Address::Parse("::1", 0);
  {
    const Shortage none(*world_);
    EXPECT_EQ(socket->Bind(six).message(), "Too many open files");
  }
  EXPECT_EQ(socket->Bind(six), absl::OkStatus());
}

// The UNIX domain.

TEST_P(DatagramSocketTest, ABoundPathIsRemovedOnClose) {
  if (GetParam() == Place::kMemory) GTEST_SKIP() << "there are no files";
  char directory[] = "/tmp/lev-dgram-XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/socket";
  const Socket socket = NewUnix();
  EXPECT_EQ(socket->Bind(*Address::Unix(path)), absl::OkStatus());
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  EXPECT_EQ(NewUnix()->Bind(*Address::Unix(path)).message(),
            "Address already in use");
  socket->Close();
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  EXPECT_EQ(rmdir(directory), 0);
}

// What is sent until the receiver is full, and one more by a player.
Player& FillAndSend(RealWorld& world, DatagramSocket& socket,
                    const Datagram& datagram) {
  while (socket.SendTo(datagram).done()) {
  }
  return world.NewPlayer().Do(
      [&socket, datagram](bool) { return socket.SendTo(datagram); });
}

TEST_P(DatagramSocketTest, ASenderWaitsForAFullReceiverItIsConnectedTo) {
  b_ = NewUnix();
  a_ = NewUnix();
  const Address name = *Address::Unix("@lev-datagram-socket-test");
  ASSERT_EQ(b_->Bind(name), absl::OkStatus());
  ASSERT_EQ(a_->Connect(name), absl::OkStatus());
  Player& sender = FillAndSend(*world_, *a_, {.data = "x"});
  NewReceiver();
  world_->Run();
  EXPECT_FALSE(sender.failed());
}

// The queue is full of another's datagrams: the kernel will not say when it
// is not.
TEST_P(DatagramSocketTest, ASenderWaitsForAReceiverThatOthersHaveFilled) {
  b_ = NewUnix();
  const Address name = *Address::Unix("@lev-datagram-socket-test");
  ASSERT_EQ(b_->Bind(name), absl::OkStatus());
  a_ = NewUnix();
  const Datagram datagram = {.data = "x", .peer = name, .addressed = true};
  const Socket other = NewUnix();
  while (other->SendTo(datagram).done()) {
  }
  Player& sender = FillAndSend(*world_, *a_, datagram);
  world_->NewPlayer().Sleep(2 * kMillisecond).Do([this](bool) {
    Datagram taken;
    return b_->RecvFrom(10, taken);
  });
  world_->Run();
  EXPECT_FALSE(sender.failed());
  EXPECT_GE(sender.tries(), 2);
}

INSTANTIATE_TEST_SUITE_P(Worlds, DatagramSocketTest, testing::ValuesIn(kPlaces),
                         NameOfPlace);

}  // namespace
}  // namespace lev
