#include "lev/net/datagram.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/net/error.h"
#include "lev/net/unix_socket.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

using Kind = IoResult::Kind;

OwnedFd Bound(const char* host = "127.0.0.1") {
  const Address address = *Address::Parse(host, 0);
  OwnedFd fd = *OpenUdpSocket(address.family());
  EXPECT_EQ(bind(fd.get(), address.data(), address.size()), 0);
  return fd;
}

// Every test leaves as many descriptors open as it found.
class DatagramTest : public testing::Test {
 protected:
  void TearDown() override {
    a_.Close();
    b_.Close();
    EXPECT_EQ(CountOpenFds(), open_before_);
  }

  Datagram ToB(absl::string_view data) {
    return {.data = data, .peer = AddressOf(b_), .addressed = true};
  }

  IoResult Send(const Datagram& datagram) {
    return TrySendTo(a_.get(), datagram, error_);
  }

  IoResult Recv(size_t max = sizeof(buffer_)) {
    EXPECT_TRUE(AwaitPoll(b_.get(), POLLIN));
    return TryRecvFrom(b_.get(), absl::MakeSpan(buffer_, max), datagram_,
                       error_);
  }

  const size_t open_before_ = CountOpenFds();
  OwnedFd a_ = Bound();
  OwnedFd b_ = Bound();
  char buffer_[100'000];
  Datagram datagram_;
  absl::Status error_;
};

TEST_F(DatagramTest, ASocketIsBornNonBlockingAndCloseOnExec) {
  EXPECT_TRUE(fcntl(a_.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(fcntl(a_.get(), F_GETFL) & O_NONBLOCK);
}

TEST_F(DatagramTest, WithoutFreeDescriptorsOpeningIsAnErrorValue) {
  const NoFreeFds none;
  EXPECT_EQ(OpenUdpSocket(AF_INET).status().message(), "Too many open files");
}

TEST_F(DatagramTest, ADatagramArrivesWithItsSender) {
  EXPECT_EQ(Send(ToB("hello")).bytes, 5u);
  ASSERT_TRUE(Recv().done());
  EXPECT_EQ(datagram_.data, "hello");
  EXPECT_EQ(datagram_.peer.host(), "127.0.0.1");
  EXPECT_EQ(datagram_.peer.port(), AddressOf(a_).port());
  EXPECT_FALSE(datagram_.truncated);
}

TEST_F(DatagramTest, AnEmptyDatagramIsOne) {
  EXPECT_TRUE(Send(ToB("")).done());
  ASSERT_TRUE(Recv().done());
  EXPECT_EQ(datagram_.data, "");
  EXPECT_FALSE(datagram_.truncated);
}

TEST_F(DatagramTest, WithNothingThereItWantsToRead) {
  EXPECT_EQ(
      TryRecvFrom(b_.get(), absl::MakeSpan(buffer_), datagram_, error_).kind,
      Kind::kWantRead);
  std::vector<Datagram> many(4);
  EXPECT_EQ(TryRecvMany(b_.get(), absl::MakeSpan(buffer_), 10,
                        absl::MakeSpan(many), error_)
                .kind,
            Kind::kWantRead);
}

TEST_F(DatagramTest, WhatDoesNotFitIsCutOffAndSaidToBe) {
  Send(ToB("hello"));
  Send(ToB("again"));
  ASSERT_TRUE(Recv(3).done());
  EXPECT_EQ(datagram_.data, "hel");
  EXPECT_TRUE(datagram_.truncated);
  ASSERT_TRUE(Recv(5).done());
  EXPECT_EQ(datagram_.data, "again");
  EXPECT_FALSE(datagram_.truncated);
}

TEST_F(DatagramTest, TheLargestDatagramArrivesAndALargerOneIsRefused) {
  const std::string most(65'507, 'x');
  EXPECT_EQ(Send(ToB(most)).bytes, most.size());
  ASSERT_TRUE(Recv().done());
  EXPECT_EQ(datagram_.data, most);
  EXPECT_TRUE(Send(ToB(most + "x")).failed());
  EXPECT_EQ(error_.message(), "Message too long");
  EXPECT_EQ(ErrnoOf(error_), EMSGSIZE);
}

TEST_F(DatagramTest, ManyGoByOneCallEach) {
  const std::vector<Datagram> out = {ToB("one"), ToB(""), ToB("three")};
  EXPECT_EQ(TrySendMany(a_.get(), out, error_).bytes, 3u);
  ASSERT_TRUE(AwaitPoll(b_.get(), POLLIN));
  std::vector<Datagram> in(5);
  const IoResult result = TryRecvMany(b_.get(), absl::MakeSpan(buffer_), 4,
                                      absl::MakeSpan(in), error_);
  ASSERT_EQ(result.bytes, 3u);
  EXPECT_EQ(in[0].data, "one");
  EXPECT_EQ(in[1].data, "");
  EXPECT_EQ(in[2].data, "thre");
  EXPECT_FALSE(in[0].truncated);
  EXPECT_TRUE(in[2].truncated);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(in[i].peer.port(), AddressOf(a_).port());
  }
}

TEST_F(DatagramTest, OneCallMovesSixtyFourAtMost) {
  const std::vector<Datagram> out(70, ToB("x"));
  EXPECT_EQ(TrySendMany(a_.get(), out, error_).bytes, kMostDatagramsPerCall);
}

TEST_F(DatagramTest, ManyStopAtTheFirstThatCannotBeSent) {
  const std::string large(70'000, 'x');
  const std::vector<Datagram> out = {ToB("one"), ToB(large), ToB("three")};
  EXPECT_EQ(TrySendMany(a_.get(), out, error_).bytes, 1u);
  EXPECT_TRUE(
      TrySendMany(a_.get(), absl::MakeSpan(out).subspan(1), error_).failed());
  EXPECT_EQ(error_.message(), "Message too long");
}

TEST_F(DatagramTest, WithoutADestinationThereMustBeAPeer) {
  EXPECT_TRUE(Send({.data = "lost"}).failed());
  EXPECT_EQ(error_.message(), "Destination address required");
  const Address peer = AddressOf(b_);
  ASSERT_EQ(connect(a_.get(), peer.data(), peer.size()), 0);
  EXPECT_TRUE(Send({.data = "found"}).done());
  ASSERT_TRUE(Recv().done());
  EXPECT_EQ(datagram_.data, "found");
}

TEST_F(DatagramTest, IPv6Works) {
  a_ = *OpenUdpSocket(AF_INET6);
  b_ = Bound("::1");
  EXPECT_TRUE(Send(ToB("six")).done());
  ASSERT_TRUE(Recv().done());
  EXPECT_EQ(datagram_.peer.host(), "::1");
}

TEST_F(DatagramTest, ANamelessSenderOfTheUnixDomainHasNoName) {
  a_ = *OpenUnixSocket(SOCK_DGRAM);
  b_ = *OpenUnixSocket(SOCK_DGRAM);
  const Address name = *Address::Unix("@lev-datagram-test");
  ASSERT_TRUE(BindUnixSocket(b_.get(), name).ok());
  EXPECT_TRUE(Send({.data = "x", .peer = name, .addressed = true}).done());
  ASSERT_TRUE(Recv().done());
  EXPECT_TRUE(datagram_.peer.is_unix());
  EXPECT_EQ(datagram_.peer.host(), "");
}

TEST_F(DatagramTest, AFullReceiverOfTheUnixDomainIsWaitedFor) {
  a_ = *OpenUnixSocket(SOCK_DGRAM);
  b_ = *OpenUnixSocket(SOCK_DGRAM);
  const Address name = *Address::Unix("@lev-datagram-test");
  ASSERT_TRUE(BindUnixSocket(b_.get(), name).ok());
  const Datagram out = {.data = "x", .peer = name, .addressed = true};
  IoResult result = Send(out);
  while (result.done()) result = Send(out);
  EXPECT_EQ(result.kind, Kind::kWantWrite);
  EXPECT_TRUE(error_.ok());
}

}  // namespace
}  // namespace lev
