#include "lev/net/tcp_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/net/io_result.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

using Kind = IoResult::Kind;

bool IsCloseOnExec(int fd) { return fcntl(fd, F_GETFD) & FD_CLOEXEC; }
bool IsNonBlocking(int fd) { return fcntl(fd, F_GETFL) & O_NONBLOCK; }

int OptionOf(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(getsockopt(fd, level, option, &value, &size), 0);
  return value;
}

Address Loopback(uint16_t port = 0) {
  return *Address::Parse("127.0.0.1", port);
}

// Every test leaves as many descriptors open as it found.
class TcpSocketTest : public testing::Test {
 protected:
  ~TcpSocketTest() override { EXPECT_EQ(CountOpenFds(), open_before_); }

  const size_t open_before_ = CountOpenFds();
  absl::Status error_;
};

TEST_F(TcpSocketTest, ASocketIsBornNonBlockingAndCloseOnExec) {
  const auto fd = OpenTcpSocket(AF_INET);
  ASSERT_TRUE(fd.ok());
  EXPECT_TRUE(IsCloseOnExec(fd->get()));
  EXPECT_TRUE(IsNonBlocking(fd->get()));
}

TEST_F(TcpSocketTest, ASocketDoesNotDelaySmallPackets) {
  const auto fd = OpenTcpSocket(AF_INET);
  EXPECT_EQ(OptionOf(fd->get(), IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST_F(TcpSocketTest, AnUnknownFamilyIsAnErrorInWords) {
  EXPECT_EQ(OpenTcpSocket(12345).status().message(),
            "Address family not supported by protocol");
}

TEST_F(TcpSocketTest, WithoutFreeDescriptorsOpeningIsAnErrorValue) {
  const NoFreeFds none;
  EXPECT_EQ(OpenTcpSocket(AF_INET).status().message(), "Too many open files");
  EXPECT_EQ(OpenTcpListener(Loopback(), {}).status().message(),
            "Too many open files");
}

TEST_F(TcpSocketTest, AListenerListensAtAFreePort) {
  const OwnedFd listener = LoopbackListener();
  EXPECT_EQ(AddressOf(listener).host(), "127.0.0.1");
  EXPECT_NE(AddressOf(listener).port(), 0);
  EXPECT_EQ(OptionOf(listener.get(), SOL_SOCKET, SO_ACCEPTCONN), 1);
  EXPECT_EQ(OptionOf(listener.get(), SOL_SOCKET, SO_REUSEADDR), 1);
}

TEST_F(TcpSocketTest, APortThatIsTakenIsAnErrorInWords) {
  const OwnedFd first = LoopbackListener();
  const auto second = OpenTcpListener(AddressOf(first), {});
  EXPECT_EQ(second.status().message(), "Address already in use");
  EXPECT_EQ(ErrnoOf(second.status()), EADDRINUSE);
}

TEST_F(TcpSocketTest, TwoWhoReuseAPortShareIt) {
  const auto first = OpenTcpListener(Loopback(), {.reuse_port = true});
  ASSERT_TRUE(first.ok());
  const auto second = OpenTcpListener(AddressOf(*first), {.reuse_port = true});
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST_F(TcpSocketTest, AnAddressOfNobodyCannotBeBound) {
  const auto fd = OpenTcpListener(*Address::Parse("192.0.2.1", 0), {});
  EXPECT_EQ(fd.status().message(), "Cannot assign requested address");
}

TEST_F(TcpSocketTest, IPv6Works) {
  const auto listener = OpenTcpListener(*Address::Parse("::1", 0), {});
  if (!listener.ok()) GTEST_SKIP() << "no IPv6 here";
  const Address address = AddressOf(*listener);
  EXPECT_EQ(address.host(), "::1");
  const auto client = OpenTcpSocket(AF_INET6);
  EXPECT_FALSE(StartConnect(client->get(), address, error_).failed());
  EXPECT_TRUE(AwaitPoll(client->get(), POLLOUT));
  EXPECT_TRUE(FinishConnect(client->get(), error_).done());
  EXPECT_EQ(PeerAddress(client->get())->port(), address.port());
}

TEST_F(TcpSocketTest, ARefusalIsAnErrorInWords) {
  const auto fd = OpenTcpSocket(AF_INET);
  IoResult result = StartConnect(fd->get(), RefusingAddress(), error_);
  if (!result.failed()) {
    ASSERT_TRUE(AwaitPoll(fd->get(), POLLOUT));
    result = FinishConnect(fd->get(), error_);
  }
  EXPECT_TRUE(result.failed());
  EXPECT_EQ(error_.message(), "Connection refused");
}

// A listener whose queue is full answers nobody: connecting goes on.
TEST_F(TcpSocketTest, AConnectionThatIsNotThereYetIsToBeAskedForAgain) {
  const OwnedFd listener = LoopbackListener(/*backlog=*/0);
  std::vector<OwnedFd> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::move(OpenTcpSocket(AF_INET)).value());
    EXPECT_FALSE(StartConnect(clients.back().get(), AddressOf(listener), error_)
                     .failed());
  }
  EXPECT_EQ(FinishConnect(clients.back().get(), error_).kind, Kind::kWantWrite);
  EXPECT_TRUE(error_.ok());
}

TEST_F(TcpSocketTest, WithNobodyThereAcceptWantsToRead) {
  const OwnedFd listener = LoopbackListener();
  OwnedFd fd;
  Address peer;
  EXPECT_EQ(TryAccept(listener.get(), fd, peer, error_).kind, Kind::kWantRead);
  EXPECT_FALSE(fd.valid());
}

TEST_F(TcpSocketTest, AnAcceptedSocketIsAsOneThatWasOpened) {
  const FdPair pair = TcpPair();
  EXPECT_TRUE(IsCloseOnExec(pair.b.get()));
  EXPECT_TRUE(IsNonBlocking(pair.b.get()));
  EXPECT_EQ(OptionOf(pair.b.get(), IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST_F(TcpSocketTest, AcceptSaysWhoCame) {
  const OwnedFd listener = LoopbackListener();
  const auto client = OpenTcpSocket(AF_INET);
  StartConnect(client->get(), AddressOf(listener), error_);
  ASSERT_TRUE(AwaitPoll(listener.get(), POLLIN));
  OwnedFd fd;
  Address peer;
  ASSERT_TRUE(TryAccept(listener.get(), fd, peer, error_).done());
  EXPECT_EQ(peer.host(), "127.0.0.1");
  EXPECT_EQ(peer.port(), AddressOf(*client).port());
}

TEST_F(TcpSocketTest, AcceptWithoutFreeDescriptorsIsAnErrorValue) {
  const OwnedFd listener = LoopbackListener();
  const auto client = OpenTcpSocket(AF_INET);
  StartConnect(client->get(), AddressOf(listener), error_);
  ASSERT_TRUE(AwaitPoll(listener.get(), POLLIN));
  OwnedFd fd;
  Address peer;
  {
    const NoFreeFds none;
    EXPECT_TRUE(TryAccept(listener.get(), fd, peer, error_).failed());
  }
  EXPECT_EQ(ErrnoOf(error_), EMFILE);
  EXPECT_TRUE(TryAccept(listener.get(), fd, peer, error_).done());
}

TEST_F(TcpSocketTest, AcceptOnSomethingElseIsAnError) {
  const auto fd = OpenTcpSocket(AF_INET);
  OwnedFd accepted;
  Address peer;
  EXPECT_TRUE(TryAccept(fd->get(), accepted, peer, error_).failed());
  EXPECT_EQ(error_.message(), "Invalid argument");
}

TEST_F(TcpSocketTest, BothEndsKnowEachOther) {
  const FdPair pair = TcpPair();
  EXPECT_EQ(PeerAddress(pair.a.get())->port(), AddressOf(pair.b).port());
  EXPECT_EQ(PeerAddress(pair.b.get())->port(), AddressOf(pair.a).port());
}

TEST_F(TcpSocketTest, WithoutAPeerThereIsNoPeerAddress) {
  const auto fd = OpenTcpSocket(AF_INET);
  EXPECT_EQ(PeerAddress(fd->get()).status().message(),
            "Transport endpoint is not connected");
  EXPECT_EQ(Shutdown(fd->get(), SHUT_WR).message(),
            "Transport endpoint is not connected");
}

}  // namespace
}  // namespace lev
