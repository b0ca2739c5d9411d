// Permits, and what is made of them: a semaphore, a mutex, a read-write lock.
//
// Those who wait are served in the order in which they came, also when one who
// came later would be content with less. Permits pass from hand to hand: what
// is released goes to the first in the queue there and then, and a caller who
// withdraws after that gives it back. So what is free and what is held always
// adds up to what there is.

#ifndef LEV_TASK_SEMAPHORE_H_
#define LEV_TASK_SEMAPHORE_H_

#include <cstddef>
#include <string>

#include "lev/loop/step.h"
#include "lev/task/turn.h"
#include "lev/task/witness.h"

namespace lev {

// What semaphores and read-write locks have in common for a test that looks on.
class Permits : protected TurnSource {
 public:
  // How many are held, and how many calls wait for some.
  virtual size_t held() const = 0;
  virtual size_t waiting() const = 0;
  // What is held, for a human: "2 of 3 permits of a semaphore".
  virtual std::string DescribeHeld() const = 0;

  // From now on, or until null, this one is told when it goes.
  void set_witness(Witness* witness) { witness_ = witness; }
  Witness* witness() const { return witness_; }

 protected:
  Permits() = default;
  ~Permits() override = default;
  // First of all in the destructors of those that derive.
  void Leave() {
    if (witness_ != nullptr) witness_->Goes(*this);
  }

 private:
  Witness* witness_ = nullptr;
};

class Semaphore final : public Permits {
 public:
  explicit Semaphore(size_t permits) : total_(permits), free_(permits) {}
  ~Semaphore() override { Leave(); }

  // `permits` is at most total(): more would never come. For Acquire it is
  // looked at by the first step.
  bool TryAcquire(size_t permits = 1);
  Step Acquire(Turn& turn, size_t permits = 1);

  // False, and nothing is released, if so many are not held.
  bool Release(size_t permits = 1);

  size_t total() const { return total_; }
  size_t available() const { return free_; }
  size_t held() const override { return total_ - free_; }
  size_t waiting() const override { return queue_.size(); }
  std::string DescribeHeld() const override;

 private:
  void Pump();
  void Withdrawn(Turn& turn, bool granted) override;

  const size_t total_;
  size_t free_;
  TurnQueue queue_;
};

// One permit. Whose it is, is known to those who use it.
class Mutex {
 public:
  bool TryLock() { return permit_.TryAcquire(); }
  Step Lock(Turn& turn) { return permit_.Acquire(turn); }
  // False if it was not locked.
  bool Unlock() { return permit_.Release(); }

  bool locked() const { return permit_.available() == 0; }
  size_t waiting() const { return permit_.waiting(); }
  Permits& permits() { return permit_; }

 private:
  Semaphore permit_{1};
};

// Many read, or one writes. A writer who waits holds up the readers who come
// after, and goes before them; those who came before go first.
class RwLock final : public Permits {
 public:
  RwLock() = default;
  ~RwLock() override { Leave(); }

  bool TryRead();
  bool TryWrite();
  Step Read(Turn& turn) { return Lock(turn, kReader); }
  Step Write(Turn& turn) { return Lock(turn, kWriter); }
  // False if nobody reads, or writes.
  bool UnlockRead();
  bool UnlockWrite();

  size_t readers() const { return readers_; }
  bool writing() const { return writing_; }
  size_t held() const override { return readers_ + (writing_ ? 1 : 0); }
  size_t waiting() const override { return queue_.size(); }
  std::string DescribeHeld() const override;

 private:
  static constexpr size_t kReader = 0;  // In Turn::amount.
  static constexpr size_t kWriter = 1;

  Step Lock(Turn& turn, size_t who);
  bool Admit(size_t who);
  void Pump();
  void Withdrawn(Turn& turn, bool granted) override;

  size_t readers_ = 0;
  bool writing_ = false;
  TurnQueue queue_;
};

}  // namespace lev

#endif  // LEV_TASK_SEMAPHORE_H_
