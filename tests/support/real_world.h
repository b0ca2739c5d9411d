// A loop over the real clock and a real poller, or over a network in memory,
// and players who run net's steps.
//
// The poller is what real_poller.h says.
//
// A player is the smallest driver there is: it tries a step, parks while that
// is blocked, and goes on to the next. A world that hangs fails its test
// after a while, and says what everybody waits for.

#ifndef TESTS_SUPPORT_REAL_WORLD_H_
#define TESTS_SUPPORT_REAL_WORLD_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fake_poller.h"
#include "lev/loop/poller.h"
#include "lev/loop/step.h"
#include "lev/net/connection.h"
#include "lev/net/socket_calls.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "tests/support/descriptors.h"

namespace lev {

class RealWorld;

class Player final : public Waiter {
 public:
  // `retry`: this step was blocked before.
  using TryStep = std::function<Step(bool retry)>;

  explicit Player(RealWorld& world);
  ~Player() override;

  // Adds to what it will do, one after the other. A failed step ends it.
  Player& Do(TryStep step);
  Player& Call(std::function<void()> act);

  // Sends all of `text`.
  Player& Send(Connection& connection, std::string text);
  // Receives so many bytes into `text`.
  Player& Recv(Connection& connection, size_t size, std::string& text);
  // Receives until the peer ends, which is no failure, into `text`.
  Player& RecvAll(Connection& connection, std::string& text);
  // Waits for so long.
  Player& Sleep(Nanos duration);

  bool ended() const { return ended_; }
  bool failed() const { return failed_; }
  int tries() const { return tries_; }

 private:
  // Nothing fires it: for waiting until a deadline.
  class Silence final : public WaitList {
   public:
    std::string Describe() const override { return "nothing"; }
  };

  void Run() override;
  void End();

  RealWorld& world_;
  std::deque<TryStep> steps_;
  bool retry_ = false;
  Instant deadline_ = kNever;
  bool ended_ = false;
  bool failed_ = false;
  int tries_ = 0;
  Silence silence_;
};

// For tests that are run in both.
enum class Place : uint8_t { kKernel, kMemory };
inline constexpr Place kPlaces[] = {Place::kKernel, Place::kMemory};
std::string NameOfPlace(const testing::TestParamInfo<Place>& info);

class RealWorld {
 public:
  explicit RealWorld(Place place = Place::kKernel);
  RealWorld(const RealWorld&) = delete;
  RealWorld& operator=(const RealWorld&) = delete;

  // A player who begins when the world runs.
  Player& NewPlayer();

  // Somebody who will never act again: as a task that is aborted.
  void Destroy(Player& player);

  // Until all players have ended.
  void Run();

  EventLoop& loop() { return loop_; }
  // Where its sockets are to be made.
  SocketCalls& calls() { return *calls_; }
  // In memory: the host that calls() is; otherwise null.
  MemoryHost* host() { return host_; }
  absl::Span<char> scratch() { return absl::MakeSpan(scratch_); }

 private:
  friend class Player;

  class Watchdog final : public Waiter {
   public:
    explicit Watchdog(RealWorld& world);
    void Run() override;

   private:
    RealWorld& world_;
  };

  void PlayerEnded();

  MonotonicClock real_clock_;
  FakeClock fake_clock_;
  FakePoller fake_poller_{fake_clock_};
  std::unique_ptr<MemoryNetwork> network_;  // In memory.
  MemoryHost* host_ = nullptr;
  SocketCalls* calls_ = &KernelSockets();
  const std::unique_ptr<Poller> poller_;  // Otherwise.
  EventLoop loop_;
  std::vector<char> scratch_;
  Watchdog watchdog_;
  int playing_ = 0;
  std::vector<std::unique_ptr<Player>> players_;
};

// While this lives no descriptor can be opened in that world.
class Shortage {
 public:
  explicit Shortage(RealWorld& world);
  ~Shortage();
  Shortage(const Shortage&) = delete;
  Shortage& operator=(const Shortage&) = delete;

 private:
  MemoryHost* const host_;
  std::unique_ptr<NoFreeFds> none_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_REAL_WORLD_H_
