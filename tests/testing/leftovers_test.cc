// What a program has left behind is named.

#include "lev/testing/leftovers.h"

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/net/address.h"
#include "lev/net/tcp_socket.h"
#include "lev/testing/memory_address.h"
#include "lev/testing/test_world.h"
#include "tests/support/bell.h"
#include "tests/support/fn_waiter.h"
#include "tests/support/test_task.h"

namespace lev {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr char kLeft[] = "seed 0: left at the end:\n  ";

TEST(LeftoversTest, ADescriptorIsNamedByItsHostKindAndPeer) {
  TestWorld world;
  MemoryHost& server = world.network().AddHost("server");
  const Address at = WithPort(server.addresses()[0], 80);
  const auto listener = OpenTcpListener(at, {}, server);
  const auto client = OpenTcpSocket(AF_INET, world.host());
  absl::Status error;
  StartConnect(client->ref(), at, error);
  world.Settle();
  EXPECT_EQ(DescribeDescriptor(world.host(), client->get()),
            absl::StrCat("fd ", client->get(), " on main: tcp 10.0.0.1:49152 ",
                         "-> 10.0.0.2:80"));
  EXPECT_EQ(DescribeDescriptor(server, listener->get()),
            absl::StrCat("fd ", listener->get(),
                         " on server: tcp 10.0.0.2:80, listening"));
  EXPECT_EQ(DescribeDescriptor(server, client->get()), "");
}

TEST(LeftoversTest, WhatIsOpenIsToldOfAllHosts) {
  TestWorld world;
  MemoryHost& server = world.network().AddHost("server");
  const auto here = OpenTcpSocket(AF_INET, world.host());
  const auto there = OpenTcpSocket(AF_INET6, server);
  const std::string left(world.CheckLeaks().message());
  EXPECT_THAT(left, HasSubstr(" on main: tcp 0.0.0.0:0\n"));
  EXPECT_THAT(left, EndsWith(" on server: tcp [::]:0"));
}

TEST(LeftoversTest, ATaskIsNamedAndWhatItWaitsFor) {
  TestWorld world;
  Bell bell;
  TestTask task(world.root(), "worker",
                [&](TestTask& self) { world.loop().Park(self, bell); });
  world.Settle();
  EXPECT_EQ(world.CheckLeaks().message(),
            absl::StrCat(kLeft, task.Describe(), ", which waits for ",
                         bell.Describe()));
}

TEST(LeftoversTest, ATimerOfATaskIsTheTasks) {
  TestWorld world;
  TestTask task(world.root(), "sleeper", [&](TestTask& self) {
    world.loop().Park(self, {}, 3 * kSecond);
  });
  world.Settle();
  EXPECT_EQ(
      world.CheckLeaks().message(),
      absl::StrCat(kLeft, task.Describe(), ", which waits for a timer in 3 s"));
}

TEST(LeftoversTest, AnyOtherTimerIsTold) {
  TestWorld world;
  FnWaiter waiter(world.loop());
  world.loop().Park(waiter, {}, 3 * kSecond);
  EXPECT_EQ(world.CheckLeaks().message(),
            absl::StrCat(kLeft, "what waits for a timer in 3 s"));
}

TEST(LeftoversTest, MoreThanSomeAreCounted) {
  Leftovers left;
  for (size_t i = 0; i < Leftovers::kShown + 3; ++i) left.Add("x");
  EXPECT_THAT(left.ToString(), EndsWith("\n  x\n  and 3 more"));
}

}  // namespace
}  // namespace lev
