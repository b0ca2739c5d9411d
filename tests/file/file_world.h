// A loop over the real clock with a backend for files, a directory of its own,
// and players who make calls.

#ifndef TESTS_FILE_FILE_WORLD_H_
#define TESTS_FILE_FILE_WORLD_H_

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "lev/file/file_backend.h"
#include "lev/file/file_call.h"
#include "tests/support/real_world.h"

namespace lev {

// A new directory, which goes with everything in it.
class TempDirectory {
 public:
  TempDirectory() : path_(testing::TempDir() + "/lev_file_XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~TempDirectory() { std::filesystem::remove_all(path_); }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }

  // A file in it; returns its path.
  std::string Add(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }

  // How many files are in it.
  size_t size() const {
    const std::filesystem::directory_iterator all(path_);
    return std::distance(begin(all), end(all));
  }

 private:
  std::string path_;
};

inline std::string TextOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class FileWorld : public RealWorld {
 public:
  explicit FileWorld(FileBackendKind kind)
      : files_(MakeFileBackend(loop(), kind).value()) {}

  FileBackend& files() { return *files_; }
  // Destroys the backend.
  void EndFiles() { files_.reset(); }

  // `player` makes the call, and hands it to `then`.
  void Await(Player& player, FileCallPtr call,
             std::function<void(FileCall&)> then) {
    auto shared = std::make_unique<FileCallPtr>(std::move(call));
    FileCallPtr& held = *calls_.emplace_back(std::move(shared));
    player.Do([this, &held, then](bool retry) {
      if (!retry) files_->Start(*held);
      if (!held->complete()) return Step::Blocked(*held);
      then(*held);
      held.reset();
      return Step::Done();
    });
  }

  // Makes one call, with nothing else going on; its result.
  int64_t Do(FileCallPtr call) {
    int64_t result = 0;
    Await(NewPlayer(), std::move(call),
          [&](FileCall& done) { result = done.result(); });
    Run();
    return result;
  }

  // The same for an open; what it has opened.
  OwnedFd Open(const std::string& path, int flags, mode_t mode = 0644) {
    OwnedFd fd;
    Await(NewPlayer(), FileCall::Open(path, flags, mode),
          [&](FileCall& done) { fd = done.TakeFd(); });
    Run();
    return fd;
  }

 private:
  std::unique_ptr<FileBackend> files_;
  std::deque<std::unique_ptr<FileCallPtr>> calls_;
};

}  // namespace lev

#endif  // TESTS_FILE_FILE_WORLD_H_
