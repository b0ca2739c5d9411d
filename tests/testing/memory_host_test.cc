// System calls on a host.
// Tests lev/testing/memory_host_names.cc, too.
// Tests lev/testing/memory_address.cc, too.

#include "lev/testing/memory_host.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/step.h"
#include "lev/net/datagram.h"
#include "lev/net/error.h"
#include "lev/net/foreign_fds.h"
#include "lev/net/socket_options.h"
#include "lev/net/unix_socket.h"
#include "lev/testing/memory_address.h"
#include "tests/support/fn_waiter.h"
#include "tests/testing/memory_world.h"

namespace lev {
namespace {

class MemoryHostTest : public testing::Test, protected MemoryWorld {};

TEST_F(MemoryHostTest, APortThatIsTakenIsAnErrorInWords) {
  const OwnedFd listener = Listen(80);
  const auto other = OpenTcpListener(OnB(80), {}, b);
  EXPECT_EQ(other.status().message(), "Address already in use");
  const auto any = OpenTcpListener(AnyAddress(AF_INET), {}, b);
  EXPECT_TRUE(any.ok());
}

TEST_F(MemoryHostTest, APortIsFreeAgainOnceItIsClosed) {
  Listen(80).Close();
  EXPECT_TRUE(OpenTcpListener(OnB(80), {}, b).ok());
}

TEST_F(MemoryHostTest, ThePortsOfOneHostAreNotThoseOfAnother) {
  const OwnedFd listener = Listen(80);
  EXPECT_TRUE(OpenTcpListener(OnA(80), {}, a).ok());
}

TEST_F(MemoryHostTest, AnAddressOfAnotherCannotBeBound) {
  const auto fd = OpenTcpListener(OnA(80), {}, b);
  EXPECT_EQ(fd.status().message(), "Cannot assign requested address");
}

TEST_F(MemoryHostTest, PortZeroIsAFreeOne) {
  const auto one = OpenTcpListener(OnB(0), {}, b);
  const auto other = OpenTcpListener(OnB(0), {}, b);
  EXPECT_GE(LocalAddress(one->ref())->port(), 49152);
  EXPECT_NE(LocalAddress(one->ref())->port(),
            LocalAddress(other->ref())->port());
}

TEST_F(MemoryHostTest, BothEndsKnowEachOther) {
  const OwnedFd listener = Listen(80);
  const OwnedFd client = Dial();
  const OwnedFd server = Accept(listener);
  EXPECT_EQ(PeerAddress(client.ref())->ToString(), "10.0.0.2:80");
  EXPECT_EQ(PeerAddress(server.ref())->ToString(),
            LocalAddress(client.ref())->ToString());
  EXPECT_EQ(LocalAddress(client.ref())->host(), "10.0.0.1");
}

TEST_F(MemoryHostTest, LoopbackIsTheHostItself) {
  const Address here = *Address::Parse("127.0.0.1", 80);
  const auto listener = OpenTcpListener(here, {}, b);
  absl::Status error;
  const auto own = OpenTcpSocket(AF_INET, b);
  StartConnect(own->ref(), here, error);
  EXPECT_EQ(ConnectError(*own), "");
  const auto foreign = OpenTcpSocket(AF_INET, a);
  StartConnect(foreign->ref(), here, error);
  EXPECT_EQ(ConnectError(*foreign), "Connection refused");
}

TEST_F(MemoryHostTest, IPv6Works) {
  const Address here = *Address::Parse("fd00::3", 80);
  MemoryHost& c = network.AddHost("c", {here});
  MemoryHost& d = network.AddHost("d", {*Address::Parse("fd00::4", 0)});
  const auto listener = OpenTcpListener(here, {}, c);
  ASSERT_TRUE(listener.ok());
  const auto client = OpenTcpSocket(AF_INET6, d);
  absl::Status error;
  StartConnect(client->ref(), here, error);
  EXPECT_EQ(ConnectError(*client), "");
  EXPECT_EQ(LocalAddress(client->ref())->host(), "fd00::4");
}

TEST_F(MemoryHostTest, AnIPv6ListenerHearsIPv4Too) {
  const Address here = *Address::Parse("::", 80);
  const auto listener = OpenTcpListener(here, {}, b);
  const OwnedFd client = Dial();
  EXPECT_EQ(ConnectError(client), "");
  const OwnedFd server = Accept(*listener);
  EXPECT_EQ(PeerAddress(server.ref())->host(), "::ffff:10.0.0.1");
  Send(server, "hello");
  EXPECT_EQ(Recv(client), "hello");
}

TEST_F(MemoryHostTest, AnIPv6DatagramSocketHearsIPv4Too) {
  const auto server = OpenUdpSocket(AF_INET6, b);
  ASSERT_TRUE(Bind(server->ref(), *Address::Parse("::", 53)).ok());
  const auto client = OpenUdpSocket(AF_INET, a);
  absl::Status error;
  const Datagram ask = {.data = "ask", .peer = OnB(53), .addressed = true};
  EXPECT_TRUE(TrySendTo(client->ref(), ask, error).done());
  char room[10];
  Datagram got;
  ASSERT_TRUE(TryRecvFrom(server->ref(), room, got, error).done());
  got.addressed = true;
  EXPECT_TRUE(TrySendTo(server->ref(), got, error).done());
  EXPECT_EQ(Recv(*client), "ask");
}

TEST_F(MemoryHostTest, OnlyIPv6IfItIsToldSo) {
  auto fd = OpenTcpSocket(AF_INET6, b);
  const SocketOption& only = *FindSocketOption("v6only");
  EXPECT_TRUE(SetSocketOption(fd->ref(), only, {1, ""}).ok());
  EXPECT_TRUE(Bind(fd->ref(), *Address::Parse("::", 80)).ok());
  EXPECT_TRUE(StartListening(fd->ref(), 1).ok());
  EXPECT_EQ(ConnectError(Dial()), "Connection refused");
}

TEST_F(MemoryHostTest, MoreDescriptorsThanItMayHaveAreAnError) {
  a.SetDescriptorLimit(1);
  const auto one = OpenTcpSocket(AF_INET, a);
  EXPECT_TRUE(one.ok());
  EXPECT_EQ(OpenUdpSocket(AF_INET, a).status().message(),
            "Too many open files");
  EXPECT_TRUE(OpenUdpSocket(AF_INET, b).ok());
}

TEST_F(MemoryHostTest, WhatWasSetIsThere) {
  const auto fd = OpenTcpSocket(AF_INET, a);
  const SocketOption& ttl = *FindSocketOption("ttl");
  EXPECT_TRUE(SetSocketOption(fd->ref(), ttl, {7, ""}).ok());
  EXPECT_EQ(GetSocketOption(fd->ref(), ttl)->number, 7);
  EXPECT_EQ(SocketFamily(fd->ref()).value(), AF_INET);
}

TEST_F(MemoryHostTest, ACrashIsSilentAndAllThatWasOpenIsGone) {
  const OwnedFd listener = Listen(80);
  const OwnedFd client = Dial();
  const OwnedFd server = Accept(listener);
  b.Crash();
  EXPECT_EQ(Recv(client), kAgain);
  EXPECT_EQ(Recv(server), "!" + std::to_string(EBADF));
  EXPECT_EQ(b.open_descriptors(), 0u);
  EXPECT_FALSE(OpenTcpSocket(AF_INET, b).ok());
}

TEST_F(MemoryHostTest, ACrashClosesBothEndsOfAPipe) {
  int ends[2];
  ASSERT_EQ(b.Pipe(ends), 0);
  EXPECT_EQ(b.Shutdown(ends[0], SHUT_RD), -1);
  EXPECT_EQ(errno, ENOTSOCK);
  b.Crash();
  EXPECT_EQ(b.open_descriptors(), 0u);
}

TEST_F(MemoryHostTest, AfterARestartOldConnectionsAreReset) {
  const OwnedFd listener = Listen(80);
  const OwnedFd client = Dial();
  const OwnedFd server = Accept(listener);
  b.Crash();
  Send(client, "hello?");
  b.Start();
  Pass(kSecond);
  EXPECT_EQ(Recv(client), kReset);
  EXPECT_TRUE(OpenTcpListener(OnB(80), {}, b).ok());
}

TEST_F(MemoryHostTest, AFileIsSent) {
  const OwnedFd listener = Listen(80);
  const OwnedFd client = Dial();
  const OwnedFd server = Accept(listener);
  FILE* const file = tmpfile();
  fputs("0123456789", file);
  fflush(file);
  off_t offset = 3;
  EXPECT_EQ(a.SendFile(client.get(), fileno(file), &offset, 100), 7);
  EXPECT_EQ(offset, 10);
  EXPECT_EQ(a.SendFile(client.get(), fileno(file), &offset, 100), 0);
  fclose(file);
  EXPECT_EQ(Recv(server), "3456789");
}

TEST_F(MemoryHostTest, PollSaysWhatIsTrueNow) {
  const OwnedFd listener = Listen(80);
  EXPECT_EQ(b.Poll(listener.get(), POLLIN | POLLOUT), 0);
  const OwnedFd client = Dial();
  EXPECT_EQ(b.Poll(listener.get(), POLLIN | POLLOUT), POLLIN);
  const OwnedFd server = Accept(listener);
  EXPECT_EQ(b.Poll(server.get(), POLLIN | POLLOUT), POLLOUT);
  while (Send(server, std::string(100000, 'x')) > 0) continue;
  EXPECT_EQ(b.Poll(server.get(), POLLIN | POLLOUT), 0);
  EXPECT_EQ(a.Poll(client.get(), POLLIN | POLLOUT), POLLIN | POLLOUT);
  EXPECT_EQ(a.Poll(server.get(), POLLIN), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST_F(MemoryHostTest, ANumberFromOutsideIsFoundWhereItIs) {
  const OwnedFd fd = Listen(80);
  EXPECT_EQ(&a.Locate(fd.get()).calls(), &b);
  EXPECT_EQ(&a.Locate(0).calls(), &KernelSockets());
}

TEST_F(MemoryHostTest, SomebodyElseMayWaitForASocket) {
  EventLoop loop(clock, poller);
  ForeignFds foreign(loop);
  const OwnedFd listener = Listen(80);
  const OwnedFd client = Dial();
  const OwnedFd server = Accept(listener);
  const auto wait = [&](bool mine) {
    return foreign.Wait(server.ref(), ForeignFds::Direction::kRead, mine);
  };
  FnWaiter waiter(loop);
  const Step step = wait(false);
  ASSERT_TRUE(step.blocked());
  loop.Park(waiter, *step.list);
  Send(client, "hello");
  EXPECT_EQ(loop.Run(), absl::OkStatus());
  EXPECT_TRUE(wait(true).done());
}

TEST_F(MemoryHostTest, AListenerDoesNotShareItsPort) {
  const auto one = OpenTcpListener(AnyAddress(AF_INET), {}, b);
  const Address same = *LocalAddress(one->ref());
  EXPECT_EQ(OpenTcpListener(same, {}, b).status().message(),
            "Address already in use");
  const auto six = *Address::Parse("::", same.port());
  EXPECT_EQ(OpenTcpListener(six, {}, b).status().message(),
            "Address already in use");
}

TEST_F(MemoryHostTest, ListenersThatShareAPortEachGetSome) {
  OwnedFd listeners[2];
  for (OwnedFd& listener : listeners) {
    listener =
        std::move(OpenTcpListener(OnB(80), {.reuse_port = true}, b)).value();
  }
  std::vector<OwnedFd> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(Dial());
  for (const OwnedFd& listener : listeners) {
    EXPECT_EQ(b.Poll(listener.get(), POLLIN), POLLIN);
  }
}

}  // namespace
}  // namespace lev
