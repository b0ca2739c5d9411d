#include "lev/lua/lua_whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "lev/file/file.h"
#include "lev/file/file_call.h"
#include "lev/file/file_writer.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_file.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"
#include "lev/net/error.h"

namespace lev::lua {
namespace {

// What a call has begun: one or the other.
class LuaFileWork final : public Boxed {
 public:
  explicit LuaFileWork(Runtime& runtime) {
    runtime.Own(*this);
    runtime.files->StayLast();
  }

  // Pushes one. False, with nil and an error pushed, if there is no backend.
  // May raise, but then nothing has been done.
  static bool Push(lua_State* L, Runtime& runtime) {
    ObjectKind::PushBox(L, 0);
    const absl::Status prepared = runtime.files->Prepare();
    if (prepared.ok()) {
      runtime.file_work_kind.Fill(L, new LuaFileWork(runtime));
    } else {
      PushError(L, prepared);
    }
    return prepared.ok();
  }

  void EndOfRun() override {
    writer.reset();
    call.reset();
  }

  std::unique_ptr<FileWriter> writer;
  FileCallPtr call;
};

absl::string_view StringAt(lua_State* L, int index) {
  size_t size;
  const char* const data = lua_tolstring(L, index, &size);
  return {data, size};
}

// Verb::give_up: the object at `index`, if it is there yet, does no more.
template <int index>
int DropWork(lua_State* L, LuaTask&) {
  if (lua_isuserdata(L, index)) ObjectKind::At<Boxed>(L, index).EndOfRun();
  return 0;
}

// lev.read_file: 1 path, 2 and 3 the driver's, then 4 the file.

LuaStep ReadFileStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed && !LuaFile::Push(L, Runtime::Of(L), StringAt(L, 1))) {
    return LuaStep::Done(2);
  }
  auto& self = ObjectKind::At<LuaFile>(L, 4);
  File& file = self.file();
  absl::string_view data;
  const LuaStep step = TryInTurn(L, file, task, resumed, [&] {
    Step tried = Step::Done();
    if (!file.has_opened()) tried = file.Open(self.path(), O_RDONLY, 0);
    return tried.done() ? file.ReadAll(data) : tried;
  });
  if (step.blocked) return step;
  if (step.results == 0) lua_pushlstring(L, data.data(), data.size());
  file.Close();
  return LuaStep::Done(step.results == 0 ? 1 : step.results);
}

constexpr Verb kReadFile = {.name = "lev.read_file",
                            .wait = 2,
                            .step = ReadFileStep,
                            .give_up = DropWork<4>};

int ReadWholeFile(lua_State* L) {
  CheckPath(L, 1);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kReadFile);
}

// lev.write_file: 1 path, 2 data, 3 and 4 the driver's, 5 whether atomic, 6
// whether to sync, 7 the mode or nil, then 8 the work.

// Apart from its caller, which raises.
void BeginWriting(lua_State* L, LuaFileWork& work) {
  FileWriter::Options options;
  options.atomic = lua_toboolean(L, 5);
  options.sync = lua_toboolean(L, 6);
  if (!lua_isnil(L, 7)) options.mode = lua_tointeger(L, 7);
  work.writer = std::make_unique<FileWriter>(Runtime::Of(L).files->backend(),
                                             StringAt(L, 1), options);
}

LuaStep WriteFileStep(lua_State* L, LuaTask&, bool resumed) {
  if (!resumed) {
    if (!LuaFileWork::Push(L, Runtime::Of(L))) return LuaStep::Done(2);
    BeginWriting(L, ObjectKind::At<LuaFileWork>(L, 8));
  }
  auto& work = ObjectKind::At<LuaFileWork>(L, 8);
  // The run has ended, and so will this.
  if (work.writer == nullptr) return Failed(L, "cancelled");
  const Step step = work.writer->Write(StringAt(L, 2));
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  const int results =
      PushStatus(L, step.done() ? absl::OkStatus() : work.writer->error());
  work.EndOfRun();
  return LuaStep::Done(results);
}

constexpr Verb kWriteFile = {.name = "lev.write_file",
                             .wait = 3,
                             .step = WriteFileStep,
                             .give_up = DropWork<8>};

// The option `name` of the argument at 3, which is true if it is not given.
bool CheckSwitch(lua_State* L, const char* name) {
  if (!lua_istable(L, 3)) return true;
  const bool given = lua_getfield(L, 3, name) != LUA_TNIL;
  if (given && !lua_isboolean(L, -1)) {
    luaL_argerror(L, 3, lua_pushfstring(L, "%s: boolean expected", name));
  }
  const bool value = !given || lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

int WriteWholeFile(lua_State* L) {
  CheckPath(L, 1);
  CheckString(L, 2);
  const bool atomic = CheckSwitch(L, "atomic");
  const bool sync = CheckSwitch(L, "sync");
  const int mode =
      lua_istable(L, 3) ? IntegerOption(L, 3, "perm", 07777, -1) : -1;
  NormalizeWait(L, 3, kNever, {"atomic", "sync", "perm"});
  lua_pushboolean(L, atomic);
  lua_pushboolean(L, sync);
  lua_pushinteger(L, mode);
  if (mode < 0) {
    lua_pushnil(L);
    lua_replace(L, 7);
  }
  return Drive(L, Runtime::Of(L), kWriteFile);
}

// lev.stat: 1 path, 2 and 3 the driver's, then 4 the work.

const char* TypeOf(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "directory";
    case S_IFIFO:
      return "fifo";
    case S_IFSOCK:
      return "socket";
    case S_IFBLK:
      return "block";
    default:
      return "char";
  }
}

// May raise.
void PushStat(lua_State* L, const struct statx& info) {
  const double mtime =
      static_cast<double>(info.stx_mtime.tv_sec) + info.stx_mtime.tv_nsec / 1e9;
  lua_createtable(L, 0, 4);
  lua_pushinteger(L, static_cast<lua_Integer>(info.stx_size));
  lua_setfield(L, -2, "size");
  lua_pushnumber(L, mtime);
  lua_setfield(L, -2, "mtime");
  lua_pushstring(L, TypeOf(info.stx_mode));
  lua_setfield(L, -2, "type");
  lua_pushinteger(L, info.stx_mode & 07777);
  lua_setfield(L, -2, "mode");
}

LuaStep StatStep(lua_State* L, LuaTask&, bool resumed) {
  if (!resumed) {
    if (!LuaFileWork::Push(L, Runtime::Of(L))) return LuaStep::Done(2);
    auto& begun = ObjectKind::At<LuaFileWork>(L, 4);
    begun.call = FileCall::StatPath(StringAt(L, 1));
    Runtime::Of(L).files->backend().Start(*begun.call);
  }
  auto& work = ObjectKind::At<LuaFileWork>(L, 4);
  if (work.call == nullptr) return Failed(L, "cancelled");
  if (!work.call->complete()) return LuaStep::Blocked(*work.call);
  const int64_t result = work.call->result();
  if (result < 0) {
    return LuaStep::Done(PushError(L, ErrnoError(static_cast<int>(-result))));
  }
  PushStat(L, work.call->request().info);
  return LuaStep::Done(1);
}

constexpr Verb kStat = {
    .name = "lev.stat", .wait = 2, .step = StatStep, .give_up = DropWork<4>};

int Stat(lua_State* L) {
  luaL_argcheck(L, !CheckPath(L, 1).empty(), 1, "the path is empty");
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kStat);
}

constexpr luaL_Reg kNone[] = {{nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::file_work_kind, LuaFileWork>},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"read_file", ReadWholeFile},
                                   {"write_file", WriteWholeFile},
                                   {"stat", Stat},
                                   {nullptr, nullptr}};

}  // namespace

void OpenWholeFiles(lua_State* L, Runtime& runtime) {
  runtime.file_work_kind.Register(L, "lev.file_work", kNone, kMeta);
  AddFunctions(L, kFunctions);
  AddTwins(L, {"read_file", "write_file", "stat"});
}

}  // namespace lev::lua
