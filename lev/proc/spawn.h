// Starts a program in a process of its own.
//
// Spawn takes everything by value or borrows it for the length of the call,
// and hands back the child's pidfd, which names that child and no other for
// as long as it is open, whatever becomes of the number. Whoever takes it has
// to reap the child: see Child.
//
// The child gets an empty signal mask, every signal's default disposition,
// and no descriptor but its three. How, and why not fork: see spawn.cc.

#ifndef LEV_PROC_SPAWN_H_
#define LEV_PROC_SPAWN_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lev/net/owned_fd.h"
#include "lev/proc/process_calls.h"

namespace lev {

// One of RLIMIT_* and what it becomes.
struct ResourceLimit {
  int resource = 0;
  rlimit limit = {};
};

struct SpawnOptions {
  // A path; without a slash, a name that is looked for in the PATH of this
  // process. What is not absolute counts from the child's directory.
  std::string program;
  // All of them: the first is what the program is called.
  std::vector<std::string> argv;
  // "KEY=VALUE"; none: this process' own.
  std::optional<std::vector<std::string>> env;
  // Empty: this process' own.
  std::string cwd;

  // Descriptors of this process, which stay the caller's, for the child's 0,
  // 1 and 2. One may serve twice.
  std::array<int, 3> stdio = {0, 1, 2};

  // The child leads a process group of its own.
  bool new_group = false;
  // The child leads a session of its own, and with it a group.
  bool new_session = false;
  // Not negative: a terminal that is to control the child's new session.
  int terminal = -1;

  // Another user: supplementary groups are dropped. A group alone: they stay.
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  std::vector<ResourceLimit> limits;
  // Not 0: what the child gets when the thread that spawns it ends.
  int death_signal = 0;
};

struct Spawned {
  pid_t pid = 0;
  OwnedFd pidfd;
  bool leads_group = false;
  ProcessCalls* calls = &KernelProcesses();  // Where it was started.
};

// Returns when the program runs, or with the reason why it does not: errno's
// text, and as detail what could not be done ("cwd", "interpreter", "user",
// ...) unless it is the program itself. Then nothing is left of the child.
absl::StatusOr<Spawned> Spawn(const SpawnOptions& options,
                              ProcessCalls& calls = KernelProcesses());

// What KernelProcesses does.
absl::StatusOr<Spawned> SpawnInKernel(const SpawnOptions& options);

}  // namespace lev

#endif  // LEV_PROC_SPAWN_H_
