// A loop over the real clock and a real poller, and players who run net's
// steps.
//
// The poller is epoll's, or io_uring's if LEV_TEST_POLLER is "io_uring" in the
// environment: some tests run a second time so.
//
// A player is the smallest driver there is: it tries a step, parks while that
// is blocked, and goes on to the next. A world that hangs fails its test
// after a while, and says what everybody waits for.

#ifndef TESTS_SUPPORT_REAL_WORLD_H_
#define TESTS_SUPPORT_REAL_WORLD_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/poller.h"
#include "lev/loop/step.h"
#include "lev/net/connection.h"

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

class RealWorld {
 public:
  RealWorld();
  RealWorld(const RealWorld&) = delete;
  RealWorld& operator=(const RealWorld&) = delete;

  // A player who begins when the world runs.
  Player& NewPlayer();

  // Somebody who will never act again: as a task that is aborted.
  void Destroy(Player& player);

  // Until all players have ended.
  void Run();

  EventLoop& loop() { return loop_; }
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

  MonotonicClock clock_;
  const std::unique_ptr<Poller> poller_;
  EventLoop loop_;
  std::vector<char> scratch_;
  Watchdog watchdog_;
  int playing_ = 0;
  std::vector<std::unique_ptr<Player>> players_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_REAL_WORLD_H_
