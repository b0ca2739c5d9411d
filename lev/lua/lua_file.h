// lev.open and its files. See lev/file/file.h for what they promise.
//
// A call about a file has it to itself; the calls of other tasks queue up.

#ifndef LEV_LUA_LUA_FILE_H_
#define LEV_LUA_LUA_FILE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lev/file/file.h"
#include "lev/file/file_backend.h"
#include "lev/loop/step.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_object.h"

namespace lev::lua {

class Runtime;

// What the files of one run share: the backend. It is made when it is first
// needed, and goes when all files are closed.
class LuaFiles final : public Boxed {
 public:
  explicit LuaFiles(Runtime& runtime);

  // Before anything else in a run, as often as one likes. The environment's
  // LEV_FILES forces a backend, for tests: "io_uring" or "threads".
  absl::Status Prepare();
  FileBackend& backend() { return *backend_; }

  // Somebody new uses the backend, and must hear of the end of the run before
  // this does.
  void StayLast();
  void EndOfRun() override { backend_.reset(); }

 private:
  Runtime& runtime_;
  std::unique_ptr<FileBackend> backend_;
};

class LuaFile final : public Boxed {
 public:
  LuaFile(Runtime& runtime, absl::string_view path);

  // Pushes one that is not open. False, with nil and an error pushed, if there
  // is no backend. May raise, but then nothing has been done.
  static bool Push(lua_State* L, Runtime& runtime, absl::string_view path);

  // The one at 1; raises if it is something else.
  static LuaFile& Check(lua_State* L);

  File& file() { return file_; }
  const std::string& path() const { return path_; }
  void EndOfRun() override { file_.Close(); }
  void LoseTask(const LuaTask& task) override;
  std::string Describe() const override;

 private:
  File file_;
  const std::string path_;
};

// One try of a call about `file`: `attempt` is made in its turn. The step is
// over when it is not blocked; if it failed, nil and the error are pushed.
LuaStep TryInTurn(lua_State* L, File& file, LuaTask& task, bool resumed,
                  absl::FunctionRef<Step()> attempt);

// Verb::give_up of a call about the file at 1. Its turn may have come in a
// choice that took another.
int LeaveFile(lua_State* L, LuaTask& task);

// A path, at `argument`; raises for one with a NUL byte.
absl::string_view CheckPath(lua_State* L, int argument);

// The methods that move bytes (lua_file_io.cc).
int ReadFile(lua_State* L);
int ReadFileLines(lua_State* L);
int WriteFile(lua_State* L);

// Registers the kind, and adds lev.open and its like to the table below the
// runtime, which is on top of the stack.
void OpenFiles(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_FILE_H_
