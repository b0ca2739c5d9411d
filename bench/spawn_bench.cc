// What it costs to start a program and to see it end: by lev, by glibc, and
// by fork, from a small parent and from one that has touched a GiB.
//
//   bazel run --config=opt //bench:spawn_bench

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "benchmark/benchmark.h"
#include "lev/proc/spawn.h"

namespace lev {
namespace {

constexpr char kProgram[] = "/bin/true";

// Memory that the parent has, and has used, while one lives.
class Ballast {
 public:
  explicit Ballast(size_t mebibytes) : size_(mebibytes << 20) {
    if (size_ == 0) return;
    memory_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // Small pages, as a heap that has grown over time has.
    madvise(memory_, size_, MADV_NOHUGEPAGE);
    std::memset(memory_, 1, size_);
  }
  ~Ballast() {
    if (size_ != 0) munmap(memory_, size_);
  }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;

 private:
  const size_t size_;
  void* memory_ = nullptr;
};

void SpawnByLev(benchmark::State& state) {
  const Ballast ballast(state.range(0));
  SpawnOptions options;
  options.program = kProgram;
  options.argv = {kProgram};
  for (auto _ : state) {
    const Spawned spawned = *Spawn(options);
    siginfo_t info;
    waitid(P_PIDFD, static_cast<id_t>(spawned.pidfd.get()), &info, WEXITED);
  }
}

void SpawnByGlibc(benchmark::State& state) {
  const Ballast ballast(state.range(0));
  char* argv[] = {const_cast<char*>(kProgram), nullptr};
  for (auto _ : state) {
    pid_t pid;
    posix_spawn(&pid, kProgram, nullptr, nullptr, argv, environ);
    waitpid(pid, nullptr, 0);
  }
}

void SpawnByFork(benchmark::State& state) {
  const Ballast ballast(state.range(0));
  char* argv[] = {const_cast<char*>(kProgram), nullptr};
  for (auto _ : state) {
    const pid_t pid = fork();
    if (pid == 0) {
      execv(kProgram, argv);
      _exit(127);
    }
    waitpid(pid, nullptr, 0);
  }
}

// The argument: MiB touched.
BENCHMARK(SpawnByLev)->Arg(0)->Arg(1024)->UseRealTime();
BENCHMARK(SpawnByGlibc)->Arg(0)->Arg(1024)->UseRealTime();
BENCHMARK(SpawnByFork)->Arg(0)->Arg(1024)->UseRealTime();

}  // namespace
}  // namespace lev
