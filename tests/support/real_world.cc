#include "tests/support/real_world.h"

#include <utility>

#include "tests/support/real_poller.h"

namespace lev {
namespace {

constexpr Nanos kPatience = 20 * kSecond;

}  // namespace

std::string NameOfPlace(const testing::TestParamInfo<Place>& info) {
  return info.param == Place::kKernel ? "Kernel" : "Memory";
}

Player::Player(RealWorld& world) : Waiter(world.loop()), world_(world) {
  ++world_.playing_;
  loop().Schedule(*this);
}

Player::~Player() { End(); }

Player& Player::Do(TryStep step) {
  steps_.push_back(std::move(step));
  return *this;
}

Player& Player::Call(std::function<void()> act) {
  return Do([act = std::move(act)](bool) {
    act();
    return Step::Done();
  });
}

Player& Player::Send(Connection& connection, std::string text) {
  return Do([this, &connection, text = std::move(text),
             sent = size_t{0}](bool retry) mutable {
    const Step step = connection.Send(this, retry, text, sent);
    if (!step.blocked()) connection.EndSend(this);
    return step;
  });
}

Player& Player::Recv(Connection& connection, size_t size, std::string& text) {
  return Do([&connection, size, &text](bool) {
    absl::string_view data;
    const Step step = connection.RecvExactly(size, data);
    if (step.done()) text.append(data.data(), data.size());
    return step;
  });
}

Player& Player::RecvAll(Connection& connection, std::string& text) {
  return Do([&connection, &text](bool) {
    for (;;) {
      absl::string_view data;
      const Step step = connection.RecvSome(4096, data);
      if (step.failed() && connection.error().message() == "closed") {
        return Step::Done();
      }
      if (!step.done()) return step;
      text.append(data.data(), data.size());
    }
  });
}

Player& Player::Sleep(Nanos duration) {
  return Do([this, duration](bool) {
    if (deadline_ == kNever) deadline_ = After(loop().FreshNow(), duration);
    if (loop().FreshNow() < deadline_) return Step::Blocked(silence_);
    deadline_ = kNever;
    return Step::Done();
  });
}

void Player::Run() {
  while (!steps_.empty()) {
    ++tries_;
    const Step step = steps_.front()(std::exchange(retry_, false));
    if (step.blocked()) {
      retry_ = true;
      loop().Park(*this, *step.list, deadline_);
      if (step.ready) loop().FireArm(*this, 0);
      return;
    }
    if (step.failed()) {
      failed_ = true;
      break;
    }
    steps_.pop_front();
  }
  End();
}

void Player::End() {
  if (std::exchange(ended_, true)) return;
  loop().Withdraw(*this);
  world_.PlayerEnded();
}

RealWorld::Watchdog::Watchdog(RealWorld& world)
    : Waiter(world.loop()), world_(world) {}

void RealWorld::Watchdog::Run() {
  if (world_.playing_ == 0) return;
  std::string waits;
  for (const auto& player : world_.players_) {
    waits += player->ended() ? "\n  ended" : "\n  " + player->DescribeWait();
  }
  ADD_FAILURE() << "hung; who waits for what:" << waits;
  loop().Stop();
}

RealWorld::RealWorld(Place place)
    : poller_(place == Place::kKernel ? MakeRealPoller() : nullptr),
      loop_(poller_ != nullptr ? static_cast<Clock&>(real_clock_) : fake_clock_,
            poller_ != nullptr ? *poller_ : fake_poller_),
      scratch_(64 * 1024),
      watchdog_(*this) {
  if (place == Place::kKernel) return;
  network_ = std::make_unique<MemoryNetwork>(fake_clock_, fake_poller_,
                                             MemoryNetwork::Options());
  host_ = &network_->AddHost("here");
  calls_ = host_;
}

Player& RealWorld::NewPlayer() {
  players_.push_back(std::make_unique<Player>(*this));
  return *players_.back();
}

void RealWorld::Destroy(Player& player) {
  for (auto& owned : players_) {
    if (owned.get() != &player) continue;
    owned = std::move(players_.back());
    players_.pop_back();
    return;
  }
}

void RealWorld::Run() {
  if (playing_ == 0) return;
  loop_.Park(watchdog_, {}, After(loop_.FreshNow(), kPatience));
  const absl::Status status = loop_.Run();
  EXPECT_TRUE(status.ok()) << status;
}

Shortage::Shortage(RealWorld& world) : host_(world.host()) {
  if (host_ == nullptr) {
    none_ = std::make_unique<NoFreeFds>();
  } else {
    host_->SetDescriptorLimit(0);
  }
}

Shortage::~Shortage() {
  constexpr size_t kPlenty = 1000;
  if (host_ != nullptr) host_->SetDescriptorLimit(kPlenty);
}

void RealWorld::PlayerEnded() {
  if (--playing_ == 0) loop_.Wake(watchdog_);
}

}  // namespace lev
