#include "lev/testing/memory_datagram_socket.h"

#include <errno.h>
#include <sys/socket.h>

#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "lev/net/datagram.h"
#include "lev/net/unix_socket.h"
#include "lev/testing/memory_address.h"
#include "tests/testing/memory_world.h"

namespace lev {
namespace {

class MemoryDatagramSocketTest : public testing::Test, protected MemoryWorld {
 protected:
  MemoryDatagramSocketTest() {
    EXPECT_TRUE(Bind(server_.ref(), OnB(53)).ok());
    EXPECT_EQ(Connect(client_, OnB(53)), 0);
  }

  static int Connect(const OwnedFd& fd, const Address& peer) {
    return fd.calls().Connect(fd.get(), peer.data(), peer.size());
  }
  // What has come, each in parentheses.
  static std::string RecvEach(const OwnedFd& fd) {
    std::string all;
    for (std::string one = Recv(fd); one != kAgain; one = Recv(fd)) {
      all += "(" + one + ")";
    }
    return all;
  }

  OwnedFd server_ = std::move(OpenUdpSocket(AF_INET, b)).value();
  OwnedFd client_ = std::move(OpenUdpSocket(AF_INET, a)).value();
};

TEST_F(MemoryDatagramSocketTest, ADatagramComesWholeAndSaysFromWhom) {
  Send(client_, "hello");
  Send(client_, "");
  char room[100];
  Datagram datagram;
  absl::Status error;
  EXPECT_TRUE(TryRecvFrom(server_.ref(), room, datagram, error).done());
  EXPECT_EQ(datagram.data, "hello");
  EXPECT_EQ(datagram.peer.ToString(), LocalAddress(client_.ref())->ToString());
  EXPECT_EQ(RecvEach(server_), "()");
}

TEST_F(MemoryDatagramSocketTest, WhatHasNoRoomIsCutOffAndThatIsTold) {
  Send(client_, "0123456789");
  char room[4];
  Datagram datagram;
  absl::Status error;
  EXPECT_TRUE(TryRecvFrom(server_.ref(), room, datagram, error).done());
  EXPECT_EQ(datagram.data, "0123");
  EXPECT_TRUE(datagram.truncated);
}

TEST_F(MemoryDatagramSocketTest, ManyAreReceivedByOneCall) {
  for (const char* text : {"one", "two", "three"}) Send(client_, text);
  char room[64];
  Datagram datagrams[4];
  absl::Status error;
  const IoResult result =
      TryRecvMany(server_.ref(), room, 16, absl::MakeSpan(datagrams), error);
  EXPECT_EQ(result.bytes, 3u);
  EXPECT_EQ(datagrams[2].data, "three");
}

TEST_F(MemoryDatagramSocketTest, NobodyAtThePortIsToldToWhoIsConnected) {
  ASSERT_EQ(Connect(client_, OnB(54)), 0);
  EXPECT_EQ(Send(client_, "x"), 1);
  EXPECT_EQ(Send(client_, "x"), -ECONNREFUSED);
  EXPECT_EQ(Send(client_, "x"), 1);
  EXPECT_EQ(Recv(client_), "!" + std::to_string(ECONNREFUSED));
}

TEST_F(MemoryDatagramSocketTest, WhoIsConnectedHearsNobodyElse) {
  const auto other = OpenUdpSocket(AF_INET, b);
  const Address client = *LocalAddress(client_.ref());
  absl::Status error;
  EXPECT_TRUE(TrySendTo(other->ref(),
                        {.data = "stranger", .peer = client, .addressed = true},
                        error)
                  .done());
  EXPECT_EQ(RecvEach(client_), "");
}

TEST_F(MemoryDatagramSocketTest, SomeAreLostAndTheRestComes) {
  network.SetLink(a, b, {.loss = 0.5});
  for (int i = 0; i < 100; ++i) Send(client_, "x");
  const size_t came = RecvEach(server_).size() / 3;
  EXPECT_GT(came, 20u);
  EXPECT_LT(came, 80u);
}

TEST_F(MemoryDatagramSocketTest, SomeComeTwice) {
  network.SetLink(a, b, {.duplicate = 1});
  Send(client_, "x");
  EXPECT_EQ(RecvEach(server_), "(x)(x)");
}

TEST_F(MemoryDatagramSocketTest, SomeAreOvertaken) {
  network.SetLink(a, b, {.latency = kMillisecond, .reorder = 0.5});
  std::string sent;
  for (char c = 'a'; c <= 'z'; ++c) {
    Send(client_, std::string(1, c));
    sent += std::string("(") + c + ")";
    Pass(kMillisecond);
  }
  Pass(kSecond);
  const std::string came = RecvEach(server_);
  EXPECT_NE(came, sent);
  EXPECT_EQ(std::multiset<char>(came.begin(), came.end()),
            std::multiset<char>(sent.begin(), sent.end()));
}

TEST_F(MemoryDatagramSocketTest, WhatTheReceiverHasNoRoomForIsLost) {
  const std::string large(60000, 'x');
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Send(client_, large), 60000);
  EXPECT_LT(RecvEach(server_).size(), 10 * large.size());
  EXPECT_EQ(Send(client_, std::string(65508, 'x')), -EMSGSIZE);
}

TEST_F(MemoryDatagramSocketTest, InTheUnixDomainTheSenderWaits) {
  const auto receiver = OpenUnixSocket(SOCK_DGRAM, a);
  const auto sender = OpenUnixSocket(SOCK_DGRAM, a);
  const Address name = *Address::Unix("/run/log");
  ASSERT_TRUE(Bind(receiver->ref(), name).ok());
  ASSERT_EQ(Connect(*sender, name), 0);
  size_t sent = 0;
  while (Send(*sender, "x") == 1) ++sent;
  EXPECT_EQ(sent, MemoryDatagramSocket::kMostUnix);
  EXPECT_EQ(Recv(*receiver), "x");
  EXPECT_EQ(Send(*sender, "x"), 1);
}

TEST_F(MemoryDatagramSocketTest, AUnixNameOfNobodyIsAnError) {
  const auto sender = OpenUnixSocket(SOCK_DGRAM, a);
  EXPECT_EQ(Connect(*sender, *Address::Unix("/nowhere")), -1);
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace lev
