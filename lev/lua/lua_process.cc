#include "lev/lua/lua_process.h"

#include <errno.h>
#include <signal.h>

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_exec_options.h"
#include "lev/lua/lua_launch.h"
#include "lev/lua/lua_lines.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_recv.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_send.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_test_bed.h"
#include "lev/net/error.h"
#include "lev/proc/child.h"
#include "lev/proc/pty.h"

namespace lev::lua {
namespace {

// User values of a process: its streams.
enum Stream { kStdin = 1, kStdout, kStderr };

class LuaProcess final : public Boxed {
 public:
  LuaProcess(Runtime& runtime, Spawned spawned, bool has_terminal)
      : child_(runtime.loop(), std::move(spawned)),
        has_terminal_(has_terminal) {
    runtime.Own(*this);
  }

  Child& child() { return child_; }
  bool has_terminal() const { return has_terminal_; }
  void EndOfRun() override { child_.Close(); }
  // It speaks for its streams, too.
  bool IsOpen() const override { return child_.is_open(); }
  std::string Leftover() const override {
    return IsOpen() && !child_.IsStranded() ? Describe() : "";
  }
  std::string Describe() const override {
    return absl::StrCat("pid ", child_.pid());
  }

 private:
  Child child_;
  const bool has_terminal_;
};

LuaProcess& CheckProcess(lua_State* L) {
  return Runtime::Of(L).process_kind.Check<LuaProcess>(L, 1);
}

Child& Check(lua_State* L) { return CheckProcess(L).child(); }

// lev.exec: CheckExec's, then the boxes of the process and of its streams.
constexpr int kBox = ExecPlan::kTop + 1;

// Makes the stream for the box behind the process', and ties them together.
void FillStream(lua_State* L, Runtime& runtime, int stream, OwnedFd fd) {
  lua_pushvalue(L, kBox + stream);
  LuaConnection::Fill(L, runtime, std::move(fd), LuaConnection::Kind::kPipe);
  ObjectKind::At<LuaConnection>(L, -1).BecomePart();
  lua_pushvalue(L, kBox);
  lua_setiuservalue(L, -2, 1);
  lua_setiuservalue(L, kBox, stream);
}

// One stream serves all that is done at the terminal.
void FillTerminal(lua_State* L, Runtime& runtime, const ExecPlan& plan,
                  OwnedFd fd) {
  const auto at_terminal = [&plan](int stream) {
    return plan.stdio[stream - 1].kind == StdioChoice::Kind::kTerminal;
  };
  const bool merged = at_terminal(kStdout);
  int first = 0;
  for (const int stream : {kStdin, kStdout, kStderr}) {
    if (!at_terminal(stream) || (stream == kStderr && merged)) continue;
    if (first == 0) {
      first = stream;
      FillStream(L, runtime, stream, std::move(fd));
    } else {
      lua_pushvalue(L, kBox + first);
      lua_setiuservalue(L, kBox, stream);
    }
  }
}

// Raises nothing.
int Start(lua_State* L, Runtime& runtime, const ExecPlan& plan) {
  absl::StatusOr<Launched> launched =
      Launch(L, plan, ProcessOf(runtime, runtime.acting()));
  if (!launched.ok()) return PushError(L, launched.status());
  lua_pushvalue(L, kBox);
  runtime.process_kind.Fill(
      L, new LuaProcess(runtime, std::move(launched->spawned), plan.terminal));
  for (const int stream : {kStdin, kStdout, kStderr}) {
    OwnedFd& fd = launched->ends[stream - 1];
    if (fd.valid()) FillStream(L, runtime, stream, std::move(fd));
  }
  if (plan.terminal) {
    FillTerminal(L, runtime, plan, std::move(launched->terminal));
  }
  lua_settop(L, kBox);
  return 1;
}

int Exec(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const ExecPlan plan = CheckExec(L, ExecUse::kExec);
  runtime.CheckRunning(L, "lev.exec");
  ObjectKind::PushBox(L, 3);
  for (int i = 0; i < 3; ++i) ObjectKind::PushBox(L, 1);
  return Start(L, runtime, plan);
}

// The stream takes the place of the process at 1. False, with nil and an error
// pushed, if there is none.
bool ToStream(lua_State* L, Stream stream) {
  Check(L);
  if (lua_getiuservalue(L, 1, stream) == LUA_TNIL) {
    // The nil is the first result.
    lua_pushfstring(L, "%s is not piped", StdioName(stream - 1));
    return false;
  }
  lua_replace(L, 1);
  return true;
}

// A method of a stream, called on the process.
template <Stream stream, lua_CFunction method>
int OnStream(lua_State* L) {
  return ToStream(L, stream) ? method(L) : 2;
}

// read_all: 1 stream, 2 and 3 the driver's, 4 the most bytes.

constexpr int kMostToRead = 64 << 20;

LuaStep ReadAllStep(lua_State* L, LuaTask&, bool resumed) {
  Connection& connection = LuaConnection::At(L);
  if (connection.ReadBusy(resumed)) return Failed(L, "busy");
  const auto max = static_cast<size_t>(lua_tointeger(L, 4));
  const Step step = connection.FillToEnd(max);
  if (step.blocked()) return LuaStep::Blocked(*step.list, step.ready);
  if (step.failed()) return LuaStep::Done(PushError(L, connection.error()));
  const absl::string_view all = connection.reader().buffered();
  lua_pushlstring(L, all.data(), all.size());
  connection.reader().Take(all.size());
  return LuaStep::Done(1);
}

constexpr Verb kReadAll = {
    .name = "process:read_all", .wait = 2, .step = ReadAllStep};

int ReadAll(lua_State* L) {
  Check(L);
  int max_size = kMostToRead;
  if (lua_istable(L, 2)) {
    max_size = IntegerOption(L, 2, "max_size", std::numeric_limits<int>::max(),
                             max_size);
  }
  NormalizeWait(L, 2, kNever, {"max_size"});
  if (!ToStream(L, kStdout)) return 2;
  lua_pushinteger(L, max_size);
  return Drive(L, Runtime::Of(L), kReadAll);
}

LuaStep WaitStep(lua_State* L, LuaTask&, bool) {
  Child& child = ObjectKind::At<LuaProcess>(L, 1).child();
  ExitStatus status;
  const Step step = child.Wait(status);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  if (step.failed()) return LuaStep::Done(PushError(L, child.error()));
  if (status.signal == 0) {
    lua_pushinteger(L, status.code);
    lua_pushnil(L);
  } else {
    lua_pushnil(L);
    lua_pushinteger(L, status.signal);
  }
  return LuaStep::Done(2);
}

constexpr Verb kWait = {.name = "process:wait", .wait = 2, .step = WaitStep};

int Wait(lua_State* L) {
  Check(L);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kWait);
}

// At a terminal the end of the input is a character.
int TypeEnd(lua_State* L, LuaProcess& process, Connection& connection) {
  size_t sent = 0;
  const Step step = connection.Send(&process, false, "\4", sent);
  connection.EndSend(&process);
  if (step.failed()) return PushError(L, connection.error());
  return PushStatus(L, step.done() ? absl::OkStatus() : ErrnoError(EAGAIN));
}

int CloseStdin(lua_State* L) {
  LuaProcess& process = CheckProcess(L);
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, kStdout);
  if (!ToStream(L, kStdin)) return 2;
  Connection& connection = LuaConnection::At(L);
  if (process.has_terminal() && lua_rawequal(L, 1, 2)) {
    return TypeEnd(L, process, connection);
  }
  ForgetFd(L, connection.fd());
  connection.Close();
  lua_pushboolean(L, true);
  return 1;
}

int Kill(lua_State* L) {
  Child& child = Check(L);
  const lua_Integer signal =
      lua_isnoneornil(L, 2) ? SIGTERM : CheckInteger(L, 2, 0, 64);
  return PushStatus(L, child.Kill(static_cast<int>(signal)));
}

int Pid(lua_State* L) {
  lua_pushinteger(L, Check(L).pid());
  return 1;
}

int Resize(lua_State* L) {
  const LuaProcess& process = CheckProcess(L);
  const auto rows = static_cast<uint16_t>(CheckInteger(L, 2, 1, 65535));
  const auto columns = static_cast<uint16_t>(CheckInteger(L, 3, 1, 65535));
  if (!process.has_terminal()) {
    return PushError(L, InvalidError("the process has no terminal"));
  }
  for (const int stream : {kStdin, kStdout, kStderr}) {
    if (lua_getiuservalue(L, 1, stream) == LUA_TNIL) continue;
    const Connection& connection = LuaConnection::At(L, -1);
    if (!connection.is_open()) continue;
    const absl::Status sized = SetWindowSize(connection.fd(), {rows, columns});
    if (sized.ok()) return PushStatus(L, sized);
  }
  return PushError(L, SocketClosedError());
}

int CloseProcess(lua_State* L) {
  Child& child = Check(L);
  for (const int stream : {kStdin, kStdout, kStderr}) {
    if (lua_getiuservalue(L, 1, stream) != LUA_TNIL) {
      Connection& connection = LuaConnection::At(L, -1);
      ForgetFd(L, connection.fd());
      connection.Close();
    }
    lua_pop(L, 1);
  }
  child.Close();
  lua_pushboolean(L, true);
  return 1;
}

int ProcessToString(lua_State* L) {
  const Child& child = Check(L);
  lua_pushfstring(L, "lev.process: pid %d%s", static_cast<int>(child.pid()),
                  !child.is_open() ? ", closed"
                  : child.reaped() ? ", ended"
                                   : "");
  return 1;
}

int ProcessIndex(lua_State* L) {
  Check(L);
  luaL_checkany(L, 2);
  for (const int stream : {kStdin, kStdout, kStderr}) {
    if (lua_type(L, 2) != LUA_TSTRING) break;
    if (absl::string_view(lua_tostring(L, 2)) != StdioName(stream - 1))
      continue;
    lua_getiuservalue(L, 1, stream);
    return 1;
  }
  lua_settop(L, 2);
  lua_rawget(L, lua_upvalueindex(2));
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"send", OnStream<kStdin, Send>},
    {"recv", OnStream<kStdout, Recv>},
    {"recv_exactly", OnStream<kStdout, RecvExactly>},
    {"recv_until", OnStream<kStdout, RecvUntil>},
    {"peek", OnStream<kStdout, Peek>},
    {"lines", OnStream<kStdout, Lines>},
    {"recv_stderr", OnStream<kStderr, Recv>},
    {"read_all", ReadAll},
    {"wait", Wait},
    {"close_stdin", CloseStdin},
    {"kill", Kill},
    {"pid", Pid},
    {"resize", Resize},
    {"close", CloseProcess},
    {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__index", ProcessIndex},
    {"__gc", Collect<&Runtime::process_kind, LuaProcess>},
    {"__close", CloseProcess},
    {"__tostring", ProcessToString},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"exec", Exec}, {nullptr, nullptr}};

}  // namespace

void OpenProcesses(lua_State* L, Runtime& runtime) {
  runtime.process_kind.Register(L, "lev.process", kMethods, kMeta);
  AddTwins(L, runtime.process_kind,
           {"send", "recv", "recv_exactly", "recv_until", "peek", "recv_stderr",
            "read_all", "wait"});
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
