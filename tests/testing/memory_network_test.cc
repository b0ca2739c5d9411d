// The network as a whole: names, partitions, traces.
// Tests lev/testing/packet.cc, too.

#include "lev/testing/memory_network.h"

#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "lev/net/datagram.h"
#include "lev/testing/dice.h"
#include "tests/testing/memory_world.h"

namespace lev {
namespace {

// A conversation over bad links; returns its trace.
std::string TraceOf(uint64_t seed) {
  MemoryWorld world(seed);
  const LinkPlan plan = {
      .latency = 20 * kMillisecond, .jitter = 10 * kMillisecond, .loss = 0.2};
  world.network.SetLink(world.a, world.b, plan);
  world.network.SetLink(world.b, world.a, plan);
  const OwnedFd listener = world.Listen();
  OwnedFd client = world.Dial();
  world.Pass(30 * kSecond);
  const OwnedFd server = MemoryWorld::Accept(listener);
  for (int i = 0; i < 20; ++i) {
    MemoryWorld::Send(client, "question");
    world.Pass(kSecond);
    MemoryWorld::Send(server, MemoryWorld::Recv(server));
  }
  client.Close();
  world.Pass(60 * kSecond);
  return world.network.trace();
}

TEST(MemoryNetworkTest, HostsAreFoundByName) {
  MemoryWorld world;
  EXPECT_EQ(world.network.FindHost("b"), &world.b);
  EXPECT_EQ(world.network.FindHost("c"), nullptr);
}

TEST(MemoryNetworkTest, AHostHasTheAddressesItIsGiven) {
  MemoryWorld world;
  MemoryHost& c = world.network.AddHost("c", {*Address::Parse("192.0.2.7", 0)});
  const Address there = *Address::Parse("192.0.2.7", 80);
  EXPECT_EQ(world.network.HostOf(world.a, there), &c);
  EXPECT_TRUE(OpenTcpListener(there, {}, c).ok());
}

TEST(MemoryNetworkTest, APacketIsALineOfTheTrace) {
  MemoryWorld world;
  world.network.SetLink(world.a, world.b, {.latency = 50 * kMillisecond});
  const OwnedFd client = world.Dial();
  world.Pass(kSecond);
  EXPECT_EQ(world.network.trace(),
            "0.000000000 a/10.0.0.1:49152 > b/10.0.0.2:80 syn +0.050000000\n"
            "0.050000000 b/10.0.0.2:80 > a/10.0.0.1:49152 reset\n");
}

TEST(MemoryNetworkTest, EqualSeedsGiveEqualTraces) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(TraceOf(seed), TraceOf(seed)) << seed;
  }
}

TEST(MemoryNetworkTest, DifferentSeedsGiveDifferentTraces) {
  EXPECT_NE(TraceOf(1), TraceOf(2));
}

TEST(MemoryNetworkTest, APartitionIsBetweenTheTwoSidesAlone) {
  MemoryWorld world;
  MemoryHost& c = world.network.AddHost("c");
  const OwnedFd listener = world.Listen(80);
  world.network.Partition({&world.a}, {&world.b, &c});
  const OwnedFd cut_off = world.Dial();
  const auto beside = OpenTcpSocket(AF_INET, c);
  absl::Status error;
  StartConnect(beside->ref(), MemoryWorld::OnB(80), error);
  EXPECT_EQ(MemoryWorld::ConnectError(cut_off), "in progress");
  EXPECT_EQ(MemoryWorld::ConnectError(*beside), "");
}

TEST(MemoryNetworkTest, WhatIsUnderWayWhenTheLinkIsCutIsLost) {
  MemoryWorld world;
  world.network.SetLink(world.a, world.b, {.latency = kSecond});
  const auto server = OpenUdpSocket(AF_INET, world.b);
  ASSERT_TRUE(Bind(server->ref(), MemoryWorld::OnB(53)).ok());
  const auto client = OpenUdpSocket(AF_INET, world.a);
  absl::Status error;
  const Datagram datagram = {
      .data = "x", .peer = MemoryWorld::OnB(53), .addressed = true};
  TrySendTo(client->ref(), datagram, error);
  world.Pass(kSecond / 2);
  world.network.Partition({&world.a}, {&world.b});
  world.Pass(kSecond);
  world.network.Heal();
  world.Pass(kSecond);
  EXPECT_EQ(MemoryWorld::Recv(*server), MemoryWorld::kAgain);
}

// Both ends send as they can, while links lose, cut and heal.
TEST(MemoryNetworkTest, WhateverTheSeedEveryByteArrivesInOrder) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    MemoryWorld world(seed);
    Dice dice(seed);
    world.network.SetLink(world.a, world.b,
                          {.latency = 5 * kMillisecond,
                           .jitter = 5 * kMillisecond,
                           .loss = 0.1,
                           .piece = dice.Below(3000)});
    world.network.SetLink(world.b, world.a, {.bandwidth = 1e6, .loss = 0.3});
    const OwnedFd listener = world.Listen();
    const OwnedFd client = world.Dial();
    world.Pass(200 * kSecond);
    const OwnedFd server = MemoryWorld::Accept(listener);
    std::string sent[2];
    std::string received[2];
    const OwnedFd* const ends[] = {&client, &server};
    for (int round = 0; round < 200; ++round) {
      const size_t from = dice.Below(2);
      const std::string data(dice.Below(20000), static_cast<char>(round));
      const ssize_t count = MemoryWorld::Send(*ends[from], data);
      if (count > 0) sent[from] += data.substr(0, count);
      if (dice.Comes(0.05)) world.network.Partition({&world.a}, {&world.b});
      if (dice.Comes(0.1)) world.network.Heal();
      world.Pass(static_cast<Nanos>(dice.Below(kSecond)));
      const std::string part = MemoryWorld::Recv(*ends[1 - from], 10000);
      if (part != MemoryWorld::kAgain) received[from] += part;
    }
    world.network.Heal();
    for (size_t from = 0; from < 2; ++from) {
      EXPECT_TRUE(Shutdown(ends[from]->ref(), SHUT_WR).ok());
      received[from] += world.RecvAll(*ends[1 - from], 3000 * kSecond);
      EXPECT_EQ(received[from], sent[from]) << "seed " << seed;
    }
  }
}

TEST(MemoryNetworkTest, AThousandConnectionsAreServed) {
  MemoryWorld world;
  world.network.SetLink(world.a, world.b, {.latency = kMillisecond});
  const OwnedFd listener = world.Listen(80, 1000);
  std::vector<OwnedFd> clients;
  for (int i = 0; i < 1000; ++i) clients.push_back(world.Dial());
  world.Pass(kSecond);
  std::vector<OwnedFd> servers;
  for (int i = 0; i < 1000; ++i) {
    servers.push_back(MemoryWorld::Accept(listener));
    MemoryWorld::Send(clients[i], std::to_string(i));
  }
  world.Pass(kSecond);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(MemoryWorld::Recv(servers[i]), std::to_string(i));
  }
  clients.clear();
  servers.clear();
  EXPECT_EQ(world.network.open_descriptors(), 1u);
}

}  // namespace
}  // namespace lev
