#include "lev/lua/lua_file.h"

#include <fcntl.h>
#include <stdlib.h>

#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"
#include "lev/net/error.h"

namespace lev::lua {

LuaFiles::LuaFiles(Runtime& runtime) : runtime_(runtime) { runtime.Own(*this); }

absl::Status LuaFiles::Prepare() {
  if (backend_ != nullptr) return absl::OkStatus();
  const char* const forced = getenv("LEV_FILES");
  const absl::string_view name = forced != nullptr ? forced : "";
  FileBackendKind kind = FileBackendKind::kBest;
  if (name == "io_uring") kind = FileBackendKind::kUring;
  if (name == "threads") kind = FileBackendKind::kThreads;
  auto made = MakeFileBackend(runtime_.loop(), kind);
  // There is no choice in virtual time.
  if (absl::IsFailedPrecondition(made.status())) {
    made = MakeFileBackend(runtime_.loop());
  }
  if (!made.ok()) return made.status();
  backend_ = *std::move(made);
  return absl::OkStatus();
}

void LuaFiles::StayLast() {
  Unlink();
  runtime_.Own(*this);
}

LuaFile::LuaFile(Runtime& runtime, absl::string_view path)
    : file_(runtime.loop(), runtime.files->backend(), runtime.scratch()),
      path_(path) {
  runtime.Own(*this);
  runtime.files->StayLast();
}

std::string LuaFile::Describe() const {
  if (!file_.is_open()) return "closed";
  return absl::StrCat("fd ", file_.fd(), ", ", path_);
}

LuaFile& LuaFile::Check(lua_State* L) {
  return Runtime::Of(L).file_kind.Check<LuaFile>(L, 1);
}

namespace {

// Apart from its caller, which raises. For the box on top of the stack.
bool FillFile(lua_State* L, Runtime& runtime, absl::string_view path) {
  const absl::Status prepared = runtime.files->Prepare();
  if (prepared.ok()) {
    runtime.file_kind.Fill(L, new LuaFile(runtime, path));
  } else {
    PushError(L, prepared);
  }
  return prepared.ok();
}

}  // namespace

bool LuaFile::Push(lua_State* L, Runtime& runtime, absl::string_view path) {
  ObjectKind::PushBox(L, 0);
  return FillFile(L, runtime, path);
}

void LuaFile::LoseTask(const LuaTask& task) { file_.Lose(task.call()); }

LuaStep TryInTurn(lua_State* L, File& file, LuaTask& task, bool resumed,
                  absl::FunctionRef<Step()> attempt) {
  Step step = file.Enter(task.call(), resumed);
  if (step.done()) step = attempt();
  if (step.blocked()) return LuaStep::Blocked(*step.list, step.ready);
  file.Leave(task.call());
  return LuaStep::Done(step.done() ? 0 : PushError(L, file.error()));
}

int LeaveFile(lua_State* L, LuaTask& task) {
  ObjectKind::At<LuaFile>(L, 1).file().Lose(task.call());
  return 0;
}

absl::string_view CheckPath(lua_State* L, int argument) {
  const absl::string_view path = CheckString(L, argument);
  luaL_argcheck(L, path.find('\0') == absl::string_view::npos, argument,
                "the path contains a NUL byte");
  return path;
}

namespace {

File& At(lua_State* L) { return ObjectKind::At<LuaFile>(L, 1).file(); }

// lev.open: 1 path, 2 flags, 3 and 4 the driver's, 5 the mode of a new file,
// then 6 the file.

// The flags of "r+b" and its like; negative if it is none.
int FlagsOf(absl::string_view mode) {
  const char first = mode.empty() ? '\0' : mode.front();
  const absl::string_view rest = mode.substr(mode.empty() ? 0 : 1);
  const bool both = rest.find('+') != absl::string_view::npos;
  if (rest != "" && rest != "+" && rest != "b" && rest != "+b" &&
      rest != "b+") {
    return -1;
  }
  const int write = both ? O_RDWR : O_WRONLY;
  switch (first) {
    case 'r':
      return both ? O_RDWR : O_RDONLY;
    case 'w':
      return write | O_CREAT | O_TRUNC;
    case 'a':
      return write | O_CREAT | O_APPEND;
    case 'x':
      return write | O_CREAT | O_EXCL;
    default:
      return -1;
  }
}

absl::string_view StringAt(lua_State* L, int index) {
  size_t size;
  const char* const data = lua_tolstring(L, index, &size);
  return {data, size};
}

LuaStep OpenStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed && !LuaFile::Push(L, Runtime::Of(L), StringAt(L, 1))) {
    return LuaStep::Done(2);
  }
  auto& self = ObjectKind::At<LuaFile>(L, 6);
  const auto flags = static_cast<int>(lua_tointeger(L, 2));
  const auto mode = static_cast<mode_t>(lua_tointeger(L, 5));
  const LuaStep step = TryInTurn(L, self.file(), task, resumed, [&] {
    return self.file().Open(self.path(), flags, mode);
  });
  if (step.blocked) return step;
  if (step.results == 0) {
    lua_settop(L, 6);
    return LuaStep::Done(1);
  }
  self.file().Close();
  return step;
}

int GiveUpOpen(lua_State* L, LuaTask&) {
  if (lua_isuserdata(L, 6)) ObjectKind::At<LuaFile>(L, 6).file().Close();
  return 0;
}

constexpr Verb kOpen = {
    .name = "lev.open", .wait = 3, .step = OpenStep, .give_up = GiveUpOpen};

int Open(lua_State* L) {
  CheckPath(L, 1);
  int flags = O_RDONLY;
  if (!lua_isnoneornil(L, 2)) {
    flags = FlagsOf(CheckString(L, 2));
    luaL_argcheck(L, flags >= 0, 2,
                  "mode: 'r', 'w', 'a' or 'x' expected, with '+' or 'b'");
  }
  int mode = 0644;
  if (lua_istable(L, 3)) mode = IntegerOption(L, 3, "perm", 07777, mode);
  NormalizeWait(L, 3, kNever, {"perm"});
  lua_pushinteger(L, flags);
  lua_replace(L, 2);
  lua_pushinteger(L, mode);
  return Drive(L, Runtime::Of(L), kOpen);
}

// Methods without bytes: 1 file, and what each says.

LuaStep SeekStep(lua_State* L, LuaTask& task, bool resumed) {
  const auto whence = static_cast<int>(lua_tointeger(L, 2));
  int64_t position = 0;
  const LuaStep step = TryInTurn(L, At(L), task, resumed, [&] {
    return At(L).Seek(whence, lua_tointeger(L, 3), position);
  });
  if (step.blocked || step.results != 0) return step;
  lua_pushinteger(L, position);
  return LuaStep::Done(1);
}

constexpr Verb kSeek = {
    .name = "file:seek", .wait = 4, .step = SeekStep, .give_up = LeaveFile};

// 2 whence, 3 offset, 4 and 5 the driver's.
int SeekFile(lua_State* L) {
  static const char* const kNames[] = {"set", "cur", "end", nullptr};
  static const int kWhence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  LuaFile::Check(L);
  const int whence = kWhence[luaL_checkoption(L, 2, "cur", kNames)];
  using Range = std::numeric_limits<lua_Integer>;
  lua_Integer offset = 0;
  if (!lua_isnoneornil(L, 3)) {
    offset = CheckInteger(L, 3, Range::min(), Range::max());
  }
  NormalizeWait(L, 4);
  lua_pushinteger(L, whence);
  lua_replace(L, 2);
  lua_pushinteger(L, offset);
  lua_replace(L, 3);
  return Drive(L, Runtime::Of(L), kSeek);
}

LuaStep SizeStep(lua_State* L, LuaTask& task, bool resumed) {
  int64_t size = 0;
  const LuaStep step =
      TryInTurn(L, At(L), task, resumed, [&] { return At(L).GetSize(size); });
  if (step.blocked || step.results != 0) return step;
  lua_pushinteger(L, size);
  return LuaStep::Done(1);
}

constexpr Verb kSize = {
    .name = "file:size", .wait = 2, .step = SizeStep, .give_up = LeaveFile};

// 2 and 3 the driver's.
int SizeOfFile(lua_State* L) {
  LuaFile::Check(L);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kSize);
}

// True, if it succeeded.
LuaStep FinishTrue(lua_State* L, const LuaStep& step) {
  if (step.blocked || step.results != 0) return step;
  lua_pushboolean(L, true);
  return LuaStep::Done(1);
}

LuaStep TruncateStep(lua_State* L, LuaTask& task, bool resumed) {
  return FinishTrue(L, TryInTurn(L, At(L), task, resumed, [&] {
                      return At(L).Truncate(lua_tointeger(L, 2));
                    }));
}

constexpr Verb kTruncate = {.name = "file:truncate",
                            .wait = 3,
                            .step = TruncateStep,
                            .give_up = LeaveFile};

// 2 size, 3 and 4 the driver's.
int TruncateFile(lua_State* L) {
  LuaFile::Check(L);
  CheckInteger(L, 2, 0, std::numeric_limits<lua_Integer>::max());
  NormalizeWait(L, 3);
  return Drive(L, Runtime::Of(L), kTruncate);
}

LuaStep SyncStep(lua_State* L, LuaTask& task, bool resumed) {
  return FinishTrue(L, TryInTurn(L, At(L), task, resumed, [&] {
                      return At(L).Sync(lua_toboolean(L, 2));
                    }));
}

constexpr Verb kSync = {
    .name = "file:sync", .wait = 3, .step = SyncStep, .give_up = LeaveFile};

// 2 whether only the data, 3 and 4 the driver's.
int SyncFile(lua_State* L) {
  LuaFile::Check(L);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TBOOLEAN);
  NormalizeWait(L, 3);
  return Drive(L, Runtime::Of(L), kSync);
}

LuaStep FlushStep(lua_State* L, LuaTask& task, bool resumed) {
  return FinishTrue(
      L, TryInTurn(L, At(L), task, resumed, [&] { return At(L).Flush(); }));
}

constexpr Verb kFlush = {
    .name = "file:flush", .wait = 2, .step = FlushStep, .give_up = LeaveFile};

// 2 and 3 the driver's.
int FlushFile(lua_State* L) {
  LuaFile::Check(L);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kFlush);
}

File& Check(lua_State* L) { return LuaFile::Check(L).file(); }

int PathOfFile(lua_State* L) {
  const std::string& path = LuaFile::Check(L).path();
  lua_pushlstring(L, path.data(), path.size());
  return 1;
}

int FileToString(lua_State* L) {
  LuaFile& self = LuaFile::Check(L);
  if (self.file().is_open()) {
    lua_pushfstring(L, "lev.file: fd %d, %s", self.file().fd(),
                    self.path().c_str());
  } else {
    lua_pushliteral(L, "lev.file: closed");
  }
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"read", ReadFile},   {"lines", ReadFileLines}, {"write", WriteFile},
    {"seek", SeekFile},   {"size", SizeOfFile},     {"truncate", TruncateFile},
    {"sync", SyncFile},   {"flush", FlushFile},     {"path", PathOfFile},
    {"fd", GetFd<Check>}, {"close", Close<Check>},  {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__gc", Collect<&Runtime::file_kind, LuaFile>},
                              {"__close", Close<Check>},
                              {"__tostring", FileToString},
                              {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"open", Open}, {nullptr, nullptr}};

}  // namespace

void OpenFiles(lua_State* L, Runtime& runtime) {
  runtime.files = new LuaFiles(runtime);
  runtime.file_kind.Register(L, "lev.file", kMethods, kMeta);
  AddTwins(L, runtime.file_kind,
           {"read", "write", "seek", "size", "truncate", "sync", "flush"});
  AddFunctions(L, kFunctions);
  AddTwins(L, {"open"});
}

}  // namespace lev::lua
