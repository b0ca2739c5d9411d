// Tests a client that tries again for minutes, on a network that is cut, and
// then hostile: in virtual time, and the same way for the same seed.

#include <functional>
#include <string>

#include "gtest/gtest.h"
#include "lev/net/co_connection.h"
#include "lev/net/co_net.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_verbs.h"
#include "lev/testing/test_world.h"

namespace {

// What is to be tested: asks for a line, again after 1, 2, 4, ... seconds.
lev::Co<absl::StatusOr<std::string>> Ask(lev::NetContext& net) {
  constexpr lev::WaitOptions kPatience = {.timeout = 5 * lev::kSecond};
  for (lev::Nanos pause = lev::kSecond;; pause *= 2) {
    auto socket = co_await lev::Connect(net, "server", 80, kPatience);
    if (socket.ok()) {
      auto line = co_await lev::RecvUntil(**socket, "\n", 80, kPatience);
      if (line.ok() || pause > lev::kSecond << 10) co_return line;
    }
    absl::Status slept = co_await lev::Sleep(pause);
    if (!slept.ok()) co_return slept;
  }
}

lev::Co<absl::Status> Serve(lev::NetContext& net) {
  auto listener = lev::Listen(net, *lev::Address::Parse("0.0.0.0", 80));
  for (;;) {
    auto accepted = co_await lev::Accept(net, **listener);
    if (!accepted.ok()) co_return accepted.status();
    (co_await lev::Send(*accepted->connection, "hello\n")).IgnoreError();
  }
}

// Afterwards each byte comes alone, and many have to be sent again.
TEST(VirtualTimeTest, AClientIsAnsweredAfterMinutesWithoutANetwork) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    lev::TestWorld world({.seed = seed});
    lev::MemoryHost& far = world.network().AddHost("server");
    lev::NetContext here(world.loop(), world.names(), world.host());
    lev::NetContext there(world.loop(), world.names(), far);
    auto server = lev::Spawn(world.root(), "server", Serve, std::ref(there));
    auto client = lev::Spawn(world.root(), "client", Ask, std::ref(here));
    world.network().Partition(world.host(), far);
    world.RunFor(300 * lev::kSecond);
    world.network().Heal();
    world.network().SetLink(far, world.host(), {.loss = 0.1, .piece = 1});
    world.RunFor(5000 * lev::kSecond);
    server.Cancel("the test is over");
    ASSERT_EQ(world.Run(), absl::OkStatus());  // Says which seed, and what.
    EXPECT_EQ(client.TakeOutcome().value(), "hello\n") << "seed " << seed;
  }
}

}  // namespace
