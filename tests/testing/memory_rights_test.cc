#include "lev/testing/memory_rights.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/net/address.h"
#include "lev/net/datagram.h"
#include "lev/net/owned_fd.h"
#include "lev/net/tcp_socket.h"
#include "lev/net/unix_socket.h"
#include "tests/testing/memory_world.h"

namespace lev {
namespace {

class MemoryRightsTest : public testing::Test, protected MemoryWorld {
 protected:
  MemoryRightsTest() {
    const Address name = *Address::Unix("@rights");
    BoundPath path;
    const auto listener = OpenUnixListener(name, {}, path, a);
    absl::Status error;
    EXPECT_TRUE(StartConnect(sender_.ref(), name, error).done());
    receiver_ = Accept(*listener);
  }

  static ssize_t PassOn(const OwnedFd& by, absl::string_view data,
                        std::vector<int> fds) {
    const ssize_t sent = SendWithFds(by.ref(), {data.data(), data.size()}, fds);
    return sent < 0 ? -errno : sent;
  }
  // What one read gets, and in `fds` what comes with it.
  std::string Take(size_t most = 100) {
    std::string data(most, '\0');
    lost = false;
    fds.clear();
    const ssize_t got =
        RecvWithFds(receiver_.ref(), absl::MakeSpan(data), fds, lost);
    data.resize(got < 0 ? 0 : got);
    return data;
  }

  OwnedFd sender_ = std::move(OpenUnixSocket(SOCK_STREAM, a)).value();
  OwnedFd receiver_;
  std::vector<OwnedFd> fds;
  bool lost = false;
};

TEST_F(MemoryRightsTest, WhatArrivesIsAnotherNumberOfTheSameSocket) {
  OwnedFd udp = std::move(OpenUdpSocket(AF_INET, a)).value();
  ASSERT_TRUE(Bind(udp.ref(), OnA(53)).ok());
  EXPECT_EQ(PassOn(sender_, "x", {udp.get()}), 1);
  const int number = udp.get();
  udp.Close();
  EXPECT_EQ(Take(), "x");
  ASSERT_EQ(fds.size(), 1u);
  EXPECT_NE(fds[0].get(), number);
  EXPECT_EQ(&fds[0].calls(), &a);
  EXPECT_EQ(LocalAddress(fds[0].ref())->port(), 53);
}

TEST_F(MemoryRightsTest, BothNumbersAreEquallyReady) {
  const OwnedFd udp = std::move(OpenUdpSocket(AF_INET, a)).value();
  ASSERT_TRUE(Bind(udp.ref(), OnA(53)).ok());
  PassOn(sender_, "x", {udp.get()});
  Take();
  absl::Status error;
  EXPECT_EQ(a.Poll(fds[0].get(), POLLIN), 0);
  EXPECT_TRUE(TrySendTo(udp.ref(),
                        {.data = "me", .peer = OnA(53), .addressed = true},
                        error)
                  .done());
  EXPECT_EQ(a.Poll(fds[0].get(), POLLIN), POLLIN);
  EXPECT_EQ(Recv(fds[0]), "me");
  EXPECT_EQ(a.Poll(udp.get(), POLLIN), 0);
}

TEST_F(MemoryRightsTest, DescriptorsOfTheKernelPassToo) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  EXPECT_EQ(PassOn(sender_, "x", {ends[1]}), 1);
  close(ends[1]);
  Take();
  ASSERT_EQ(fds.size(), 1u);
  EXPECT_EQ(write(fds[0].get(), "y", 1), 1);
  char got = 0;
  EXPECT_EQ(read(ends[0], &got, 1), 1);
  EXPECT_EQ(got, 'y');
  close(ends[0]);
}

TEST_F(MemoryRightsTest, AReadEndsWhereTheMessageEnds) {
  Send(sender_, "before ");
  PassOn(sender_, "with", {sender_.get()});
  Send(sender_, "after");
  EXPECT_EQ(Take(), "before with");
  EXPECT_EQ(fds.size(), 1u);
  EXPECT_EQ(Take(), "after");
  EXPECT_TRUE(fds.empty());
}

TEST_F(MemoryRightsTest, TheyComeWithTheFirstByte) {
  PassOn(sender_, "12", {sender_.get()});
  PassOn(sender_, "34", {sender_.get()});
  EXPECT_EQ(Take(1), "1");
  EXPECT_EQ(fds.size(), 1u);
  EXPECT_EQ(Take(), "234");
  EXPECT_EQ(fds.size(), 1u);
}

TEST_F(MemoryRightsTest, ALossyLinkBringsThemWithTheirBytes) {
  network.SetLink(a, a, {.latency = kMillisecond, .loss = 0.5});
  for (int i = 0; i < 10; ++i) PassOn(sender_, "x", {sender_.get()});
  size_t came = 0;
  for (int i = 0; i < 1000 && came < 10; ++i) {
    Take(1);
    came += fds.size();
    if (fds.empty()) Pass(100 * kMillisecond);
  }
  EXPECT_EQ(came, 10u);
}

TEST_F(MemoryRightsTest, WhatNobodyTakesIsClosedWithTheQueue) {
  Listen(80);
  const size_t open = a.open_descriptors();
  OwnedFd passed = std::move(OpenUdpSocket(AF_INET, a)).value();
  ASSERT_TRUE(Bind(passed.ref(), OnA(53)).ok());
  PassOn(sender_, "x", {passed.get(), passed.get()});
  passed.Close();
  EXPECT_EQ(a.open_descriptors(), open + 2);
  receiver_.Close();
  EXPECT_EQ(a.open_descriptors(), open - 1);
  const OwnedFd again = std::move(OpenUdpSocket(AF_INET, a)).value();
  EXPECT_TRUE(Bind(again.ref(), OnA(53)).ok());
}

TEST_F(MemoryRightsTest, APlainReadDropsThem) {
  const size_t open = a.open_descriptors();
  PassOn(sender_, "x", {sender_.get()});
  EXPECT_EQ(Recv(receiver_), "x");
  EXPECT_EQ(a.open_descriptors(), open);
}

TEST_F(MemoryRightsTest, MoreThanTheHostMayHaveOpenAreLost) {
  a.SetDescriptorLimit(a.open_descriptors() + 1);
  EXPECT_EQ(PassOn(sender_, "x", {sender_.get(), sender_.get()}), 1);
  EXPECT_EQ(Take(), "x");
  EXPECT_EQ(fds.size(), 1u);
  EXPECT_TRUE(lost);
  EXPECT_EQ(a.Duplicate(sender_.get()), -1);
  EXPECT_EQ(errno, EMFILE);
}

TEST_F(MemoryRightsTest, WhatTheReaderHasNoRoomForIsLost) {
  const size_t open = a.open_descriptors();
  PassOn(sender_, "x", {sender_.get(), sender_.get()});
  alignas(cmsghdr) char control[CMSG_LEN(sizeof(int))];
  char data;
  iovec piece = {&data, 1};
  msghdr message = {};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  EXPECT_EQ(a.RecvMessage(receiver_.get(), &message, 0), 1);
  EXPECT_EQ(message.msg_flags, MSG_CTRUNC);
  int fd;
  std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
  a.Close(fd);
  EXPECT_EQ(a.open_descriptors(), open);
}

TEST_F(MemoryRightsTest, WhatIsNoDescriptorHereIsAnError) {
  const OwnedFd elsewhere = std::move(OpenUdpSocket(AF_INET, b)).value();
  EXPECT_EQ(PassOn(sender_, "x", {elsewhere.get()}), -EBADF);
  EXPECT_EQ(PassOn(sender_, "x", {1000000}), -EBADF);
  EXPECT_EQ(Take(), "");
}

TEST_F(MemoryRightsTest, DatagramsOfTheUnixDomainBringThem) {
  const OwnedFd from = std::move(OpenUnixSocket(SOCK_DGRAM, a)).value();
  receiver_ = std::move(OpenUnixSocket(SOCK_DGRAM, a)).value();
  const Address name = *Address::Unix("@datagrams");
  ASSERT_TRUE(Bind(receiver_.ref(), name).ok());
  ASSERT_EQ(a.Connect(from.get(), name.data(), name.size()), 0);
  EXPECT_EQ(PassOn(from, "x", {from.get()}), 1);
  EXPECT_EQ(Take(), "x");
  EXPECT_EQ(fds.size(), 1u);
}

TEST_F(MemoryRightsTest, TcpPassesNone) {
  const OwnedFd listener = Listen(80);
  const OwnedFd client = Dial();
  const size_t open = a.open_descriptors();
  EXPECT_EQ(PassOn(client, "x", {client.get()}), 1);
  EXPECT_EQ(a.open_descriptors(), open);
}

TEST_F(MemoryRightsTest, ACrashClosesWhatIsOnItsWay) {
  PassOn(sender_, "x", {sender_.get()});
  a.Crash();
  EXPECT_EQ(a.open_descriptors(), 0u);
}

}  // namespace
}  // namespace lev
