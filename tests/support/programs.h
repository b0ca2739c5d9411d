// Programs for tests: run to their end without a loop, and written on the spot.

#ifndef TESTS_SUPPORT_PROGRAMS_H_
#define TESTS_SUPPORT_PROGRAMS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lev/proc/child.h"
#include "lev/proc/spawn.h"

namespace lev {

// sh -c `script`.
SpawnOptions Shell(std::string script);

// The program with its arguments.
SpawnOptions Command(std::vector<std::string> words);

struct Ran {
  absl::Status spawned;
  std::string output;
  ExitStatus status;
};

// Spawns it with its output (not its errors) to a pipe, and reaps it.
Ran RunToEnd(SpawnOptions options);

// Waits until the child has ended, without a loop.
ExitStatus Reap(const Spawned& spawned);

// Whether there is a process of this number that is not a zombie's remains.
bool IsAlive(pid_t pid);

// How many children this process has, zombies included.
int CountChildren();

// A directory of its own for each test process, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  // Writes a file into it; returns its path.
  std::string Add(const std::string& name, const std::string& text,
                  int mode = 0755);

 private:
  std::string path_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_PROGRAMS_H_
