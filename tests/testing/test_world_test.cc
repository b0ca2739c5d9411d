// Whole programs in the world of a test.
// Tests lev/testing/settling_poller.cc, too.

#include "lev/testing/test_world.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lev/net/co_connection.h"
#include "lev/net/co_net.h"
#include "lev/net/connection.h"
#include "lev/net/connector.h"
#include "lev/net/listener.h"
#include "lev/net/lookup.h"
#include "lev/net/resolver.h"
#include "lev/net/tcp_socket.h"
#include "lev/task/co.h"
#include "lev/task/co_spawn.h"
#include "lev/testing/memory_address.h"
#include "lev/testing/settling_poller.h"
#include "tests/support/bell.h"
#include "tests/support/caller.h"
#include "tests/support/fn_waiter.h"
#include "tests/support/test_task.h"

namespace lev {
namespace {

TEST(TestWorldTest, AProgramThatEndsIsWell) {
  TestWorld world;
  TestTask task(world.root(), "quick");
  EXPECT_EQ(world.Run(), absl::OkStatus());
}

TEST(TestWorldTest, AnHourPassesInNoTime) {
  TestWorld world;
  FnWaiter sleeper(world.loop());
  world.loop().Park(sleeper, {}, 3599 * kSecond);
  EXPECT_EQ(world.Run(), absl::OkStatus());
  EXPECT_EQ(world.now(), 3599 * kSecond);
}

TEST(TestWorldTest, AHangSaysItsSeedAndShowsAllTasks) {
  TestWorld world({.seed = 42});
  Bell bell;
  TestTask task(world.root(), "stuck",
                [&](TestTask& self) { world.loop().Park(self, bell); });
  const absl::Status status = world.Run();
  EXPECT_TRUE(absl::StartsWith(status.message(), "seed 42: deadlock"));
  EXPECT_TRUE(absl::StrContains(status.message(), "=== LEV task dump ==="));
  EXPECT_TRUE(absl::StrContains(status.message(), "\"stuck\""));
}

TEST(TestWorldTest, WhatNeverEndsIsStoppedAtTheLimit) {
  TestWorld world({.limit = 10 * kSecond});
  TestTask task(world.root(), "restless", [&](TestTask& self) {
    world.loop().Park(self, {}, After(world.now(), kSecond));
  });
  EXPECT_TRUE(
      absl::StartsWith(world.Run().message(), "seed 0: not ended after 10 s"));
  EXPECT_EQ(world.now(), 10 * kSecond);
}

TEST(TestWorldTest, WhatIsLeftOpenIsToldAtTheEnd) {
  TestWorld world;
  const auto fd = OpenTcpSocket(AF_INET, world.host());
  EXPECT_EQ(world.Run().message(),
            absl::StrCat("seed 0: left at the end:\n  fd ", fd->get(),
                         " on main: tcp 0.0.0.0:0"));
}

TEST(TestWorldTest, AHangShowsWhatIsOpen) {
  TestWorld world;
  MemoryHost& server = world.network().AddHost("server");
  const auto fd = OpenTcpSocket(AF_INET, server);
  Bell bell;
  TestTask task(world.root(), "stuck",
                [&](TestTask& self) { world.loop().Park(self, bell); });
  EXPECT_TRUE(
      absl::EndsWith(world.Run().message(),
                     absl::StrCat("=== end dump ===\nopen descriptors:\n  fd ",
                                  fd->get(), " on server: tcp 0.0.0.0:0")));
}

// What the tasks of a program, which talk to each other and draw lots, have
// done with this seed.
std::string TraceOf(uint64_t seed) {
  TestWorld world({.seed = seed, .trace = true});
  MemoryHost& server = world.network().AddHost("server");
  world.network().SetLink(world.host(), server,
                          {.jitter = kSecond, .loss = 0.3});
  NetContext here(world.loop(), {}, world.host());
  NetContext there(world.loop(), {}, server);
  const Address at = WithPort(server.addresses()[0], 80);
  Spawn(world.root(), "server", [&]() -> Co<absl::Status> {
    auto listener = Listen(there, at);
    for (int i = 0; i < 3; ++i) {
      absl::StatusOr<Accepted> accepted = co_await Accept(there, **listener);
      if (!accepted.ok()) co_return accepted.status();
      (co_await Send(*accepted->connection, "welcome")).IgnoreError();
    }
    co_return absl::OkStatus();
  });
  for (const char* name : {"a", "b", "c"}) {
    Spawn(world.root(), name, [&]() -> Co<absl::Status> {
      ConnectionOr connection = co_await Connect(here, at);
      if (!connection.ok()) co_return connection.status();
      co_return (co_await RecvExactly(**connection, 7)).status();
    });
  }
  EXPECT_EQ(world.Run(), absl::OkStatus());
  return world.network().trace();
}

TEST(TestWorldTest, ATraceTellsOfPacketsAndOfTheTasksTurns) {
  const std::string trace = TraceOf(1);
  EXPECT_TRUE(absl::StrContains(trace, "0.000000000 run task #1 \"server\"\n"));
  EXPECT_TRUE(absl::StrContains(trace, " > server/10.0.0.2:80 syn"));
}

TEST(TestWorldTest, TheSameSeedGivesTheSameTrace) {
  std::set<std::string> traces;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string trace = TraceOf(seed);
    EXPECT_EQ(TraceOf(seed), trace) << "seed " << seed;
    traces.insert(trace);
  }
  EXPECT_EQ(traces.size(), 50);
}

TEST(TestWorldTest, NoTraceIsKeptUnlessItIsAskedFor) {
  TestWorld world;
  TestTask task(world.root(), "quick");
  EXPECT_EQ(world.Run(), absl::OkStatus());
  EXPECT_EQ(world.network().trace(), "");
}

TEST(TestWorldTest, SettlingLetsAllRunAndNoTimePass) {
  TestWorld world;
  std::string trace;
  TestTask task(world.root(), "steps", [&](TestTask& self) {
    trace += 'x';
    if (self.runs() < 3) return world.loop().Schedule(self);
    world.loop().Park(self, {}, After(world.now(), kSecond));
  });
  world.Settle();
  EXPECT_EQ(trace, "xxx");
  EXPECT_EQ(world.now(), 0);
}

TEST(TestWorldTest, TimePassesAsFarAsItIsLet) {
  TestWorld world;
  std::string trace;
  TestTask task(world.root(), "ticks", [&](TestTask& self) {
    trace += 'x';
    world.loop().Park(self, {}, After(world.now(), kSecond));
  });
  world.RunFor(2500 * kMillisecond);
  EXPECT_EQ(trace, "xxx");
  EXPECT_EQ(world.now(), 2500 * kMillisecond);
}

TEST(TestWorldTest, WhoWaitsForTheOthersIsWokenWhenTheyAreBlocked) {
  FakeClock clock;
  FakePoller fake(clock);
  SettlingPoller poller(clock, fake);
  EventLoop loop(clock, poller);
  std::string trace;
  FnWaiter patient(loop, [&] { trace += 'p'; });
  FnWaiter sleeper(loop, [&] { trace += 's'; });
  Letter busy(loop, trace, 'b');
  loop.Park(patient, poller.settled());
  loop.Park(sleeper, {}, kSecond);
  loop.Schedule(busy);
  EXPECT_TRUE(loop.Run().ok());
  EXPECT_EQ(trace, "bps");
}

// A server on one host and a client on another that knows its name.
TEST(TestWorldTest, AClientFindsAServerByName) {
  TestWorld world({.seed = 7});
  MemoryHost& server = world.network().AddHost("server");
  world.network().SetLink(world.host(), server, {.latency = kSecond});
  Listener listener(
      world.loop(),
      *OpenTcpListener(WithPort(server.addresses()[0], 80), {}, server));
  OwnedFd accepted;
  Address peer;
  Caller acceptor(world.loop(),
                  [&] { return listener.Accept(accepted, peer); });
  Resolver resolver(world.loop(), world.names());
  Lookup lookup(AF_INET);
  resolver.Start("server", 80, lookup);
  TcpDialer dialer(std::nullopt, world.host());
  auto connector = std::make_unique<Connector>(world.loop(), lookup, dialer);
  Caller client(world.loop(), [&] {
    return connector->decided() ? Step::Done() : Step::Blocked(*connector);
  });
  world.RunFor(10 * kSecond);
  EXPECT_TRUE(acceptor.done());
  EXPECT_EQ(connector->peer().ToString(), "10.0.0.2:80");
  connector.reset();
  accepted.Close();
  listener.Close();
  EXPECT_EQ(world.Run(), absl::OkStatus());
}

// The same in coroutines, while the network is down for a minute.
TEST(TestWorldTest, CoroutinesRunOnItToo) {
  TestWorld world({.seed = 3});
  MemoryHost& server = world.network().AddHost("server");
  NetContext here(world.loop(), world.names(), world.host());
  NetContext there(world.loop(), world.names(), server);
  auto served = Spawn(world.root(), "server", [&]() -> Co<absl::Status> {
    auto listener = Listen(there, WithPort(server.addresses()[0], 80));
    absl::StatusOr<Accepted> accepted = co_await Accept(there, **listener);
    if (!accepted.ok()) co_return accepted.status();
    auto data = co_await RecvExactly(*accepted->connection, 5);
    if (!data.ok()) co_return data.status();
    co_return co_await Send(*accepted->connection, *data + "!");
  });
  auto client =
      Spawn(world.root(), "client", [&]() -> Co<absl::StatusOr<std::string>> {
        ConnectionOr connection = co_await Connect(here, "server", 80);
        if (!connection.ok()) co_return connection.status();
        absl::Status sent = co_await Send(**connection, "hello");
        if (!sent.ok()) co_return sent;
        co_return co_await RecvExactly(**connection, 6);
      });
  world.network().Partition(world.host(), server);
  world.RunFor(60 * kSecond);
  world.network().Heal();
  EXPECT_EQ(world.Run(), absl::OkStatus());
  EXPECT_EQ(client.TakeOutcome().value(), "hello!");
  EXPECT_TRUE(served.TakeOutcome().ok());
}

}  // namespace
}  // namespace lev
