// A task performs one of several operations: the first that can be done, and
// no other.
//
// Each member is a call of a verb, whose values stand at a place of their own
// on the stack of the one Lua function that drives them all. A try copies them
// to where the verb's step expects them, as the values of a C function, and
// back if it is blocked. When one member is done the others are given up, as
// by an abort. What hands things over from task to task (turns) cannot be
// given up once it has happened: those turns are in a group, of which at most
// one is granted, and the member whose turn that is, is the one.
//
// The task owns this, because what others refer to must not live on its stack.

#ifndef LEV_LUA_LUA_CHOICE_H_
#define LEV_LUA_LUA_CHOICE_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "lev/loop/clock.h"
#include "lev/loop/waiter.h"
#include "lev/lua/lua_compat.h"
#include "lev/task/turn.h"

namespace lev {

class CancelToken;

}  // namespace lev

namespace lev::lua {

class Runtime;
struct LuaStep;
struct Verb;

class LuaChoice {
 public:
  struct Member {
    const Verb* verb = nullptr;
    int size = 0;          // Values of its call.
    bool blocked = false;  // Begun, and not done.
  };

  // Forgets the members of the choice before.
  void Begin(size_t members) {
    members_.assign(members, Member());
    const size_t arms = 2 * members + 1;
    if (arms_.size() < arms) arms_ = std::vector<Arm>(arms);
  }
  void End() { members_.clear(); }

  absl::Span<Member> members() { return absl::MakeSpan(members_); }
  TurnGroup& group() { return group_; }

  // The member that is being tried, or given up; null in between. It is what
  // identifies its call to the objects it is about.
  Member* current() const { return current_; }
  void set_current(Member* member) { current_ = member; }

  // Where to park: `arms`, the first of which is spare, until `deadline`, and
  // whether one of them has fired already.
  struct Plan {
    absl::Span<Arm> arms;
    Instant deadline = kNever;
    int ready = 0;  // Its index; 0: none.
  };
  Plan& plan() { return plan_; }
  // Begins a new plan; adds a member to it, whose own token may be null.
  void ClearPlan() { plan_ = {absl::MakeSpan(arms_).first(1)}; }
  void AddToPlan(const LuaStep& step, CancelToken* token, Instant deadline);

 private:
  void AddArm(WaitList& list);

  std::vector<Member> members_;
  std::vector<Arm> arms_;
  TurnGroup group_;
  Member* current_ = nullptr;
  Plan plan_;
};

// Adds `choose` to the table below the runtime, which is on top of the stack:
//   choose(operations, wait, fair, try_only)
// tries them in order, if it is `fair` from any of them on and around, and
// returns the number of the one that was done, and its results.
// `try_only`: nil at once if none can be done.
void AddChoose(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CHOICE_H_
