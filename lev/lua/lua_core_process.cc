#include "lev/lua/lua_core_process.h"

#include <signal.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "lev/loop/fd_readiness.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_core_socket.h"
#include "lev/lua/lua_exec_options.h"
#include "lev/lua/lua_launch.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_test_bed.h"
#include "lev/net/error.h"
#include "lev/net/fd_stream.h"
#include "lev/proc/child.h"

namespace lev::lua {
namespace {

enum Stdio { kStdin, kStdout, kStderr };

// This process' end of a pipe.
class PipeEnd {
 public:
  explicit PipeEnd(OwnedFd fd)
      : fd_(std::move(fd)),
        stream_(fd_.ref(), readiness_, FdStream::Kind::kPipe) {}

  int fd() const { return fd_.get(); }
  // For one attempt, which asks the kernel.
  Stream& stream() {
    readiness_ = {};
    return stream_;
  }

 private:
  OwnedFd fd_;
  FdReadiness readiness_;
  FdStream stream_;
};

// Belongs to one run, and is closed with it: a child is not left alone.
class CoreProcess final : public Boxed {
 public:
  CoreProcess(Runtime& runtime, Launched launched)
      : runtime_(runtime), child_(runtime.loop(), std::move(launched.spawned)) {
    for (const int i : {kStdin, kStdout, kStderr}) {
      if (!launched.ends[i].valid()) continue;
      ends_[i] = std::make_unique<PipeEnd>(std::move(launched.ends[i]));
    }
    runtime.Own(*this);
  }

  void EndOfRun() override { Close(); }
  bool IsOpen() const override { return child_.is_open(); }
  std::string Leftover() const override {
    return IsOpen() && !child_.IsStranded() ? Describe() : "";
  }
  std::string Describe() const override {
    return absl::StrCat("pid ", child_.pid());
  }

  Child& child() { return child_; }
  // Null: closed, or none was asked for.
  PipeEnd* end(Stdio stdio) { return ends_[stdio].get(); }

  void Close() {
    for (const Stdio stdio : {kStdin, kStdout, kStderr}) CloseEnd(stdio);
    if (!child_.is_open()) return;
    runtime_.foreign_fds().Forget(child_.pidfd());
    child_.Close();
  }

  void CloseEnd(Stdio stdio) {
    if (ends_[stdio] == nullptr) return;
    runtime_.foreign_fds().Forget(ends_[stdio]->fd());
    ends_[stdio].reset();
  }

 private:
  Runtime& runtime_;
  Child child_;
  std::unique_ptr<PipeEnd> ends_[3];
};

CoreProcess& Check(lua_State* L) {
  return Runtime::Of(L).core_process_kind.Check<CoreProcess>(L, 1);
}

// Raises nothing. The box is on top of what CheckExec has left.
int Start(lua_State* L, Runtime& runtime, const ExecPlan& plan) {
  absl::StatusOr<Launched> launched =
      Launch(L, plan, ProcessOf(runtime, runtime.acting()));
  if (!launched.ok()) return PushError(L, launched.status());
  runtime.core_process_kind.Fill(
      L, new CoreProcess(runtime, *std::move(launched)));
  return 1;
}

// subprocess_spawn(path, argv, opts) -> process | nil, err, as lev.exec.
int Spawn(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const ExecPlan plan = CheckExec(L, ExecUse::kExec);
  luaL_argcheck(L, !plan.terminal, ExecPlan::kOptions, "pty: needs lev.exec");
  runtime.CheckRunning(L, "lev.core.subprocess_spawn");
  ObjectKind::PushBox(L, 0);
  return Start(L, runtime, plan);
}

template <Stdio stdio>
int Read(lua_State* L) {
  PipeEnd* const end = Check(L).end(stdio);
  const size_t most = CheckMost(L, 2);
  if (end == nullptr) return PushError(L, SocketClosedError());
  const absl::Span<char> room = RoomFor(L, most);
  const IoResult result = end->stream().TryRead(room);
  return PushReceived(L, result, room, end->stream(), "EAGAIN");
}

int Write(lua_State* L) {
  PipeEnd* const end = Check(L).end(kStdin);
  const absl::string_view data = CheckString(L, 2);
  if (end == nullptr) return PushError(L, SocketClosedError());
  const IoResult result = end->stream().TryWrite({data.data(), data.size()});
  return PushSent(L, result, end->stream(), "EAGAIN");
}

int CloseStdin(lua_State* L) {
  Check(L).CloseEnd(kStdin);
  lua_pushboolean(L, true);
  return 1;
}

int Kill(lua_State* L) {
  Child& child = Check(L).child();
  const lua_Integer signal =
      lua_isnoneornil(L, 2) ? SIGTERM : CheckInteger(L, 2, 0, 64);
  return PushStatus(L, child.Kill(static_cast<int>(signal)));
}

// waitid_pidfd() -> code, nil | nil, signal | nil, "EAGAIN" | nil, err
int WaitId(lua_State* L) {
  Child& child = Check(L).child();
  ExitStatus status;
  const Step step = child.Wait(status);
  if (step.failed()) return PushError(L, child.error());
  if (step.blocked()) return PushBlocked(L, "EAGAIN");
  if (status.signal == 0) {
    lua_pushinteger(L, status.code);
    lua_pushnil(L);
  } else {
    lua_pushnil(L);
    lua_pushinteger(L, status.signal);
  }
  return 2;
}

int GetPid(lua_State* L) {
  lua_pushinteger(L, Check(L).child().pid());
  return 1;
}

int GetPidFd(lua_State* L) {
  lua_pushinteger(L, Check(L).child().pidfd());
  return 1;
}

template <Stdio stdio>
int GetEndFd(lua_State* L) {
  const PipeEnd* const end = Check(L).end(stdio);
  lua_pushinteger(L, end == nullptr ? -1 : end->fd());
  return 1;
}

int CloseProcess(lua_State* L) {
  Check(L).Close();
  lua_pushboolean(L, true);
  return 1;
}

int ProcessToString(lua_State* L) {
  const Child& child = Check(L).child();
  lua_pushfstring(L, "lev.core.process: pid %d%s",
                  static_cast<int>(child.pid()),
                  child.is_open() ? "" : ", closed");
  return 1;
}

constexpr luaL_Reg kMethods[] = {{"read", Read<kStdout>},
                                 {"read_stderr", Read<kStderr>},
                                 {"write", Write},
                                 {"close_stdin", CloseStdin},
                                 {"kill", Kill},
                                 {"waitid_pidfd", WaitId},
                                 {"pid", GetPid},
                                 {"pidfd", GetPidFd},
                                 {"stdin_fd", GetEndFd<kStdin>},
                                 {"stdout_fd", GetEndFd<kStdout>},
                                 {"stderr_fd", GetEndFd<kStderr>},
                                 {"close", CloseProcess},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::core_process_kind, CoreProcess>},
    {"__close", CloseProcess},
    {"__tostring", ProcessToString},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"subprocess_spawn", Spawn},
                                   {nullptr, nullptr}};

}  // namespace

void OpenCoreProcesses(lua_State* L, Runtime& runtime) {
  runtime.core_process_kind.Register(L, "lev.core.process", kMethods, kMeta);
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
