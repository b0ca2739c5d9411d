// The one way to sleep: a Waiter parks on WaitLists, and a list's owner fires
// them.
//
// A Waiter is a suspended computation (a Lua task, a C++20 coroutine, a test's
// counter). A WaitList is anything that can be waited for: each direction of a
// descriptor, a task's end, a cancel token, a channel's two sides. An Arm is
// one waiter's place in one list. A waiter with several arms waits for
// whichever fires first; firing one unlinks all.
//
// A wake means "try again", never "here is your data": waiters are woken when
// it is worth trying, and park again if it was not.
//
// Who owns what: waiters and lists belong to their users; lists are intrusive
// and allocate nothing. A list outlives the waiters parked on it. Destroying a
// waiter withdraws it from everywhere and leaves nothing behind.
// Everything here belongs to the loop's thread.

#ifndef LEV_LOOP_WAITER_H_
#define LEV_LOOP_WAITER_H_

#include <cstdint>
#include <string>

#include "lev/loop/clock.h"

namespace lev {

class EventLoop;
class WaitList;
class Waiter;

// A node of a circular, doubly linked list; alone it is linked to itself.
struct Link {
  Link* next = this;
  Link* prev = this;

  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool linked() const { return next != this; }

  void Unlink() {
    prev->next = next;
    next->prev = prev;
    next = prev = this;
  }

  // Links this node, which is unlinked, in front of `position`.
  void InsertBefore(Link& position) {
    next = &position;
    prev = position.prev;
    prev->next = this;
    position.prev = this;
  }
};

// One waiter's place in one list. Reusable; not movable while linked.
struct Arm : Link {
  Waiter* waiter = nullptr;
  WaitList* list = nullptr;
};

// Base of everything that can be waited for.
class WaitList {
 public:
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  // What a waiter waits for when it waits here, for a human who debugs a hang:
  // `fd 7 to be readable`, `task #3 "worker"`.
  virtual std::string Describe() const = 0;

  bool empty() const { return !head_.linked(); }

  // True while somebody waits here, or was woken by FireOne and has not run
  // yet. A newcomer that must not overtake parks behind.
  bool occupied() const { return !empty() || promised(); }

  // Whether somebody was woken by FireOne and has not run yet. Another who
  // waits here, and was woken by something else, must not overtake either.
  bool promised() const { return woken_ != 0; }

  enum class Origin : uint8_t {
    kInside,   // Fired by other waiters: alone, it is a deadlock.
    kOutside,  // Fired by the world: a descriptor, a signal, a child.
  };

 protected:
  explicit WaitList(Origin origin = Origin::kInside) : origin_(origin) {}
  // Nobody may be waiting here any more.
  virtual ~WaitList();

  // EventLoop::FireAll, in the loop of those who wait.
  void FireAll();

 private:
  friend class EventLoop;

  Link head_;
  uint32_t woken_ = 0;  // Woken by FireOne, not yet run.
  const Origin origin_;
};

// A suspended computation. Derive, and implement Run.
class Waiter {
 public:
  explicit Waiter(EventLoop& loop) : loop_(loop) { arm_.waiter = this; }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  virtual ~Waiter();

  enum class State : uint8_t {
    kIdle,    // Running, finished, or not begun: in no list at all.
    kParked,  // Linked into its arms' lists, and perhaps the timers.
    kReady,   // In the ready list.
  };
  State state() const { return state_; }

  // Why the waiter last became ready.
  enum class Wake : uint8_t {
    kScheduled,  // EventLoop::Schedule or Wake: by nothing it waited for.
    kList,       // An arm fired: woken_by() says which.
    kDeadline,
  };
  Wake wake() const { return wake_; }

  // The index of the arm that fired; meaningful when wake() is kList.
  int woken_by() const { return static_cast<int>(woken_by_); }

  // What it waits for, for a human: the descriptions of its arms, the
  // deadline in seconds from now; "nothing" when nothing can wake it.
  std::string DescribeWait() const;
  // The same in few words, which stay the same while it waits: "a timer" if
  // that is all, and no deadline beside anything else.
  std::string DescribeSource() const;

  // When it is woken at the latest; kNever while it is not parked, too.
  Instant deadline() const;

  EventLoop& loop() const { return loop_; }

 protected:
  // From now on the loop does not go on for its sake: it serves others (a
  // signal's dispatcher, a resolver's sockets), and a run ends although it
  // still waits. Before it parks.
  void ServeInBackground() { background_ = true; }

  // The same, and what it does wakes nobody: with nothing else to hope for, a
  // run that only it could end a wait of is a deadlock.
  void LookOn() { background_ = looks_on_ = true; }

  // Called by the loop, and by nobody else, after the waiter became ready.
  virtual void Run() = 0;

 private:
  friend class EventLoop;
  friend class TimerHeap;

  static constexpr uint32_t kNoTimer = UINT32_MAX;

  std::string DescribeArms() const;

  EventLoop& loop_;
  Arm arm_;              // The common case, one arm; also the ready list's.
  Arm* arms_ = nullptr;  // Where it waits, or waited when it was woken.
  uint32_t arm_count_ = 0;
  uint32_t timer_index_ = kNoTimer;
  uint32_t woken_by_ = 0;
  State state_ = State::kIdle;
  Wake wake_ = Wake::kScheduled;
  bool holds_wake_ = false;  // Counted in the list's woken_.
  bool background_ = false;
  bool looks_on_ = false;
};

}  // namespace lev

#endif  // LEV_LOOP_WAITER_H_
