#include "tests/support/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "gtest/gtest.h"

namespace lev {

SpawnOptions Command(std::vector<std::string> words) {
  SpawnOptions options;
  options.program = words.front();
  options.argv = std::move(words);
  return options;
}

SpawnOptions Shell(std::string script) {
  return Command({"/bin/sh", "-c", std::move(script)});
}

ExitStatus Reap(const Spawned& spawned) {
  siginfo_t info = {};
  const auto id = static_cast<id_t>(spawned.pidfd.get());
  while (waitid(P_PIDFD, id, &info, WEXITED) != 0 && errno == EINTR) continue;
  if (info.si_code == CLD_EXITED) return {.code = info.si_status, .signal = 0};
  return {.code = 0, .signal = info.si_status};
}

Ran RunToEnd(SpawnOptions options) {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
  const OwnedFd reading(fds[0]);
  OwnedFd writing(fds[1]);
  options.stdio[1] = writing.get();
  Ran ran;
  const absl::StatusOr<Spawned> spawned = Spawn(options);
  ran.spawned = spawned.status();
  if (!spawned.ok()) return ran;
  writing.Close();
  char buffer[4096];
  ssize_t size;
  while ((size = read(reading.get(), buffer, sizeof(buffer))) > 0) {
    ran.output.append(buffer, static_cast<size_t>(size));
  }
  ran.status = Reap(*spawned);
  return ran;
}

bool IsAlive(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return false;
  const char state = line[line.rfind(')') + 2];
  return state != 'Z' && state != 'X';
}

int CountChildren() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    const int parent = std::atoi(line.c_str() + line.rfind(')') + 4);
    if (parent == getpid()) ++count;
  }
  return count;
}

ScratchFolder::ScratchFolder() : path_(testing::TempDir() + "levXXXXXX") {
  EXPECT_NE(mkdtemp(path_.data()), nullptr);
}

ScratchFolder::~ScratchFolder() { std::filesystem::remove_all(path_); }

std::string ScratchFolder::Add(const std::string& name, const std::string& text,
                               int mode) {
  const std::string file = path_ + "/" + name;
  std::ofstream(file) << text;
  chmod(file.c_str(), static_cast<mode_t>(mode));
  return file;
}

}  // namespace lev
