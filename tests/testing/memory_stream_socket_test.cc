// Tests lev/testing/memory_stream_connect.cc, too.

#include "lev/testing/memory_stream_socket.h"

#include <errno.h>
#include <sys/socket.h>

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "lev/net/unix_socket.h"
#include "tests/testing/memory_world.h"

namespace lev {
namespace {

constexpr Nanos kHop = 50 * kMillisecond;

class MemoryStreamSocketTest : public testing::Test, protected MemoryWorld {
 protected:
  ~MemoryStreamSocketTest() override {
    client_.Close();
    server_.Close();
    listener_.Close();
    EXPECT_EQ(network.open_descriptors(), 0u);
  }

  void SetBoth(const LinkPlan& plan) {
    network.SetLink(a, b, plan);
    network.SetLink(b, a, plan);
  }
  void Cut() { network.Partition(a, b); }
  // A connection, over the links as they are.
  void Connect() {
    listener_ = Listen();
    client_ = Dial();
    Pass(60 * kSecond);
    server_ = Accept(listener_);
    ASSERT_EQ(ConnectError(client_), "");
  }

  OwnedFd listener_;
  OwnedFd client_;
  OwnedFd server_;
};

TEST_F(MemoryStreamSocketTest, ConnectingTakesARoundTrip) {
  SetBoth({.latency = kHop});
  listener_ = Listen();
  client_ = Dial();
  Pass(2 * kHop - 1);
  EXPECT_EQ(ConnectError(client_), "in progress");
  Pass(1);
  EXPECT_EQ(ConnectError(client_), "");
}

TEST_F(MemoryStreamSocketTest, NobodyAtThePortRefuses) {
  SetBoth({.latency = kHop});
  client_ = Dial();
  Pass(2 * kHop);
  EXPECT_EQ(ConnectError(client_), "Connection refused");
}

TEST_F(MemoryStreamSocketTest, AnAddressOfNobodyIsUnreachable) {
  client_ = std::move(OpenTcpSocket(AF_INET, a)).value();
  absl::Status error;
  const Address nobody = *Address::Parse("192.0.2.1", 80);
  EXPECT_TRUE(StartConnect(client_.ref(), nobody, error).failed());
  EXPECT_EQ(error.message(), "Network is unreachable");
}

TEST_F(MemoryStreamSocketTest, WhenNobodyAnswersConnectingTimesOut) {
  listener_ = Listen();
  Cut();
  client_ = Dial();
  Pass(126 * kSecond);
  EXPECT_EQ(ConnectError(client_), "in progress");
  Pass(2 * kSecond);
  EXPECT_EQ(ConnectError(client_), "Connection timed out");
}

TEST_F(MemoryStreamSocketTest, ConnectingGoesOnWhenTheNetworkHeals) {
  listener_ = Listen();
  Cut();
  client_ = Dial();
  Pass(2 * kSecond);
  network.Heal();
  Pass(2 * kSecond);
  EXPECT_EQ(ConnectError(client_), "");
}

TEST_F(MemoryStreamSocketTest, AFullQueueMakesNewcomersWait) {
  listener_ = Listen(80, /*backlog=*/0);
  client_ = Dial();
  const OwnedFd second = Dial();
  EXPECT_EQ(ConnectError(second), "in progress");
  server_ = Accept(listener_);
  Pass(2 * kSecond);
  EXPECT_EQ(ConnectError(second), "");
}

TEST_F(MemoryStreamSocketTest, BytesTakeAsLongAsTheLinkSays) {
  SetBoth({.latency = kHop});
  Connect();
  EXPECT_EQ(Send(client_, "hello"), 5);
  Pass(kHop - 1);
  EXPECT_EQ(Recv(server_), kAgain);
  Pass(1);
  EXPECT_EQ(Recv(server_), "hello");
}

TEST_F(MemoryStreamSocketTest, AReceiverWithoutRoomStopsTheSender) {
  Connect();
  const std::string block(1 << 20, 'x');
  size_t sent = 0;
  ssize_t count;
  while ((count = Send(client_, block)) > 0) sent += count;
  EXPECT_EQ(count, -EAGAIN);
  EXPECT_EQ(sent, 2 * MemoryStreamSocket::kBuffer);
  size_t received = 0;
  for (std::string part = Recv(server_); part != kAgain; part = Recv(server_)) {
    received += part.size();
  }
  EXPECT_EQ(received, sent);
  EXPECT_GT(Send(client_, "more"), 0);
}

TEST_F(MemoryStreamSocketTest, WhatIsLostIsSentAgainInOrder) {
  SetBoth({.latency = kHop, .loss = 0.3});
  Connect();
  std::string all;
  for (int i = 0; i < 2000; ++i) all += std::to_string(i) + ",";
  for (size_t i = 0; i < all.size(); i += 100) {
    ASSERT_GT(Send(client_, all.substr(i, 100)), 0);
    Pass(kMillisecond);
  }
  client_.Close();
  EXPECT_EQ(RecvAll(server_, 1000 * kSecond), all);
}

TEST_F(MemoryStreamSocketTest, APartitionOnlyDelaysATransfer) {
  SetBoth({.latency = kHop});
  Connect();
  EXPECT_EQ(Send(client_, "before"), 6);
  Cut();
  EXPECT_EQ(Send(client_, " and after"), 10);
  Pass(30 * kSecond);
  EXPECT_EQ(Recv(server_), kAgain);
  network.Heal();
  Pass(60 * kSecond);
  EXPECT_EQ(Recv(server_), "before and after");
}

TEST_F(MemoryStreamSocketTest, APeerThatNeverAnswersIsGivenUp) {
  Connect();
  Cut();
  EXPECT_EQ(Send(client_, "hello"), 5);
  Pass(800 * kSecond);
  EXPECT_EQ(Recv(client_), kAgain);
  Pass(400 * kSecond);
  EXPECT_EQ(Recv(client_), "!" + std::to_string(ETIMEDOUT));
}

TEST_F(MemoryStreamSocketTest, TheEndComesAfterTheBytes) {
  SetBoth({.latency = kHop});
  Connect();
  Send(client_, "last");
  client_.Close();
  Pass(kSecond);
  EXPECT_EQ(Recv(server_), "last");
  EXPECT_EQ(Recv(server_), "");
}

TEST_F(MemoryStreamSocketTest, AHalfClosedConnectionStillReceives) {
  Connect();
  EXPECT_TRUE(Shutdown(client_.ref(), SHUT_WR).ok());
  EXPECT_EQ(Send(client_, "x"), -EPIPE);
  EXPECT_EQ(Recv(server_), "");
  EXPECT_EQ(Send(server_, "answer"), 6);
  EXPECT_EQ(Recv(client_), "answer");
}

TEST_F(MemoryStreamSocketTest, ClosingWithBytesUnreadResets) {
  Connect();
  Send(client_, "unread");
  server_.Close();
  EXPECT_EQ(Recv(client_), kReset);
  EXPECT_EQ(Recv(client_), "");
  EXPECT_EQ(Send(client_, "x"), -EPIPE);
}

TEST_F(MemoryStreamSocketTest, SendingToWhoHasClosedResets) {
  Connect();
  server_.Close();
  EXPECT_EQ(Send(client_, "x"), 1);
  EXPECT_EQ(Send(client_, "x"), -EPIPE);
}

TEST_F(MemoryStreamSocketTest, AResetComesAfterWhatHadArrived) {
  Connect();
  Send(server_, "seen");
  network.ResetConnections(a, b);
  EXPECT_EQ(Recv(client_), "seen");
  EXPECT_EQ(Recv(client_), kReset);
  EXPECT_EQ(Recv(server_), kReset);
}

TEST_F(MemoryStreamSocketTest, AResetComesAfterExactlySoManyBytes) {
  for (int64_t k = 0; k < 6; ++k) {
    network.SetLink(a, b, {.reset_after = k});
    Connect();
    Send(client_, "hello!");
    EXPECT_EQ(RecvAll(server_), std::string("hello!").substr(0, k) + kReset);
    client_.Close();
    server_.Close();
    listener_.Close();
  }
}

TEST_F(MemoryStreamSocketTest, OneByteAtATimeIsOneReadEach) {
  network.SetLink(a, b, {.piece = 1});
  Connect();
  Send(client_, "abc");
  std::string reads;
  for (int i = 0; i < 10; ++i) {
    Pass(1);
    const std::string part = Recv(server_);
    if (part != kAgain) reads += part + "|";
  }
  EXPECT_EQ(reads, "a|b|c|");
}

TEST_F(MemoryStreamSocketTest, BandwidthLimitsATransfer) {
  network.SetLink(a, b, {.bandwidth = 10000});
  Connect();
  const Instant begin = clock.Now();
  Send(client_, std::string(50000, 'x'));
  client_.Close();
  EXPECT_EQ(RecvAll(server_).size(), 50000u);
  EXPECT_GT(clock.Now() - begin, 5 * kSecond);
  EXPECT_LT(clock.Now() - begin, 6 * kSecond);
}

TEST_F(MemoryStreamSocketTest, AUnixSocketIsConnectedAtOnce) {
  const Address name = *Address::Unix("/run/server");
  BoundPath path;
  listener_ =
      std::move(OpenUnixListener(name, {.mode = 0600}, path, a)).value();
  client_ = std::move(OpenUnixSocket(SOCK_STREAM, a)).value();
  absl::Status error;
  EXPECT_TRUE(StartConnect(client_.ref(), name, error).done());
  server_ = Accept(listener_);
  Send(client_, "hello");
  EXPECT_EQ(Recv(server_), "hello");
}

TEST_F(MemoryStreamSocketTest, AUnixNameOfNobodyIsAnError) {
  client_ = std::move(OpenUnixSocket(SOCK_STREAM, a)).value();
  absl::Status error;
  StartConnect(client_.ref(), *Address::Unix("/nowhere"), error);
  EXPECT_EQ(error.message(), "No such file or directory");
  StartConnect(client_.ref(), *Address::Unix("@nobody"), error);
  EXPECT_EQ(error.message(), "Connection refused");
}

}  // namespace
}  // namespace lev
