// What a child does between its birth and its program: RunChild.
//
// It runs in the parent's memory, on a stack of its own, while the parent's
// thread stands still. Everything it needs was therefore made before, and is
// in its ChildPlan; how it failed is left there.

#ifndef LEV_PROC_SPAWN_CHILD_H_
#define LEV_PROC_SPAWN_CHILD_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "lev/proc/spawn.h"

namespace lev {

// What the child was about when it failed.
enum class SpawnStage : uint8_t {
  kProgram,
  kInterpreter,  // The program is there, what it names in its first line not.
  kStdio,
  kSession,
  kTerminal,
  kGroup,
  kLimits,
  kUser,
  kCwd,
  kDeathSignal,
};

struct ChildPlan {
  const char* const* candidates = nullptr;  // Paths; ends with null.
  char* const* argv = nullptr;
  char* const* env = nullptr;
  const char* cwd = nullptr;  // Or null.
  int stdio[3] = {0, 1, 2};
  bool new_group = false;
  bool new_session = false;
  int terminal = -1;
  bool drop_groups = false;
  const uid_t* uid = nullptr;
  const gid_t* gid = nullptr;
  const ResourceLimit* limits = nullptr;
  size_t limit_count = 0;
  int death_signal = 0;
  pid_t parent = 0;

  // The child's answer: 0 if the program runs.
  int error = 0;
  SpawnStage stage = SpawnStage::kProgram;
};

// For clone(2): `plan` is a ChildPlan. Does not return.
int RunChild(void* plan);

}  // namespace lev

#endif  // LEV_PROC_SPAWN_CHILD_H_
