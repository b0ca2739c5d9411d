// Uses lev/testing alone: a retry loop whose server is away for five minutes,
// which take no time.

#include <cstdio>
#include <string>

#include "lev/net/co_connection.h"
#include "lev/net/co_net.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_verbs.h"
#include "lev/testing/test_world.h"

namespace {

// What is to be tested: asks again after 1, 2, 4, ... seconds.
lev::Co<absl::StatusOr<std::string>> Fetch(lev::NetContext& net,
                                           lev::Address server) {
  for (lev::Nanos pause = lev::kSecond;; pause *= 2) {
    lev::ConnectionOr connection =
        co_await lev::Connect(net, server, {.timeout = 5 * lev::kSecond});
    if (connection.ok()) co_return co_await lev::RecvExactly(**connection, 5);
    absl::Status slept = co_await lev::Sleep(pause);
    if (!slept.ok()) co_return slept;
  }
}

lev::Co<absl::Status> Serve(lev::NetContext& net, lev::Address address) {
  auto listener = lev::Listen(net, address);
  if (!listener.ok()) co_return listener.status();
  absl::StatusOr<lev::Accepted> accepted =
      co_await lev::Accept(net, **listener);
  if (!accepted.ok()) co_return accepted.status();
  co_return co_await lev::Send(*accepted->connection, "hello");
}

}  // namespace

int main() {
  lev::TestWorld world({.seed = 1});
  lev::MemoryHost& server = world.network().AddHost("server");
  lev::NetContext here(world.loop(), {}, world.host());
  lev::NetContext there(world.loop(), {}, server);
  const lev::Address address = *lev::Address::Parse("10.0.0.2", 80);
  auto served = lev::Spawn(world.root(), "serve", Serve(there, address));
  auto fetched = lev::Spawn(world.root(), "fetch", Fetch(here, address));
  world.network().Partition(world.host(), server);
  world.RunFor(300 * lev::kSecond);
  world.network().Heal();
  const absl::Status ended = world.Run();
  std::puts(std::string(ended.message()).c_str());
  const bool ok = ended.ok() && fetched.outcome().ok() &&
                  *fetched.outcome() == "hello" && served.outcome().ok() &&
                  world.now() > 300 * lev::kSecond;
  std::puts(ok ? "fetched" : "did not fetch");
  return ok ? 0 : 1;
}
