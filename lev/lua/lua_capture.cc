// A capture that is cut short is over only when the child is gone, so the
// driver is given neither the timeout nor the token: the Capture itself
// watches them, and this verb waits until it says that it is over. So it does
// with the task's own cancellation, which is raised only then.
//
// Stack: CheckExec's, then the token or nil, the plan, nil and once it has
// begun the capture, and the driver's.

#include "lev/lua/lua_capture.h"

#include <limits>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_exec_options.h"
#include "lev/lua/lua_launch.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_test_bed.h"
#include "lev/lua/lua_token.h"
#include "lev/net/error.h"
#include "lev/proc/capture.h"

namespace lev::lua {
namespace {

constexpr int kToken = ExecPlan::kTop + 1;
constexpr int kPlan = kToken + 1;
constexpr int kCapture = kPlan + 1;
constexpr int kWait = kCapture + 1;

constexpr int kMostInt = std::numeric_limits<int>::max();
constexpr int kMostOutput = 16 << 20;

class LuaCapture final : public Boxed {
 public:
  LuaCapture(Runtime& runtime, const LuaTask& task) : task_(task) {
    runtime.Own(*this);
  }

  std::optional<Capture>& capture() { return capture_; }
  void EndOfRun() override { capture_.reset(); }
  void LoseTask(const LuaTask& task) override {
    if (&task == &task_) capture_.reset();
  }
  std::string Describe() const override {
    return capture_.has_value() ? absl::StrCat("pid ", capture_->pid()) : "";
  }

 private:
  const LuaTask& task_;  // Which waits for it.
  std::optional<Capture> capture_;
};

std::optional<Capture>& CaptureAt(lua_State* L) {
  return ObjectKind::At<LuaCapture>(L, kCapture).capture();
}

// Pushes {code=, signal=, stdout=, stderr=}. What goes wrong here for want of
// memory leaves the capture as it is, for its finalizer.
void PushCaptured(lua_State* L, Capture& capture) {
  lua_createtable(L, 0, 4);
  const ExitStatus& status = capture.status();
  lua_pushinteger(L, status.signal == 0 ? status.code : status.signal);
  lua_setfield(L, -2, status.signal == 0 ? "code" : "signal");
  const std::string& output = capture.output();
  lua_pushlstring(L, output.data(), output.size());
  lua_setfield(L, -2, "stdout");
  const std::string& errors = capture.errors();
  lua_pushlstring(L, errors.data(), errors.size());
  lua_setfield(L, -2, "stderr");
}

int EndCapture(lua_State* L, LuaTask&) {
  if (!lua_isnil(L, kCapture)) CaptureAt(L).reset();
  return 0;
}

// Whether it was cut short because the task was cancelled, and not by a token.
bool CancelledWithTask(lua_State* L, const LuaTask& task,
                       const Capture& capture) {
  const CancelToken* const token =
      lua_isnil(L, kToken) ? nullptr : TestToken(L, kToken);
  return task.cancel_pending() && capture.error() == CancelledError() &&
         (token == nullptr || !token->cancelled());
}

// Its own options. Has no destructor.
struct CapturePlan {
  ExecPlan exec;
  int max_size = kMostOutput;
  Nanos timeout = kNever;
  Nanos grace = kSecond;
};

Nanos SecondsOption(lua_State* L, const char* name, Nanos otherwise) {
  const bool given = lua_getfield(L, ExecPlan::kOptions, name) != LUA_TNIL;
  if (given) {
    otherwise = CheckSeconds(L, lua_gettop(L), ExecPlan::kOptions, name);
  }
  lua_pop(L, 1);
  return otherwise;
}

// Leaves CheckExec's values, and the token.
CapturePlan CheckCapture(lua_State* L) {
  CapturePlan plan;
  plan.exec = CheckExec(L, ExecUse::kCapture);
  if (!lua_istable(L, ExecPlan::kOptions)) {
    lua_pushnil(L);
    return plan;
  }
  plan.max_size =
      IntegerOption(L, ExecPlan::kOptions, "max_size", kMostInt, plan.max_size);
  plan.timeout = SecondsOption(L, "timeout", plan.timeout);
  plan.grace = SecondsOption(L, "grace", plan.grace);
  const int type = lua_getfield(L, ExecPlan::kOptions, "cancel");
  if (type != LUA_TNIL && TestToken(L, kToken) == nullptr) {
    luaL_argerror(
        L, ExecPlan::kOptions,
        lua_pushfstring(L, "cancel: lev.cancel_token expected, got %s",
                        lua_typename(L, type)));
  }
  return plan;
}

// Raises nothing. 0, or the count of what was pushed if it cannot begin.
int Begin(lua_State* L, Runtime& runtime, const CapturePlan& plan,
          CancelToken* token) {
  absl::StatusOr<Launched> launched =
      Launch(L, plan.exec, ProcessOf(runtime, runtime.acting()));
  if (!launched.ok()) return PushError(L, launched.status());
  CaptureOptions options;
  if (plan.exec.stdio[0].kind == StdioChoice::Kind::kPipe) {
    size_t size;
    const char* const text = lua_tolstring(L, ExecPlan::kFiles, &size);
    options.input = std::string(text, size);
  }
  options.max_size = static_cast<size_t>(plan.max_size);
  options.deadline = After(runtime.loop().FreshNow(), plan.timeout);
  options.grace = plan.grace;
  options.cancel = token;
  auto& ends = launched->ends;
  CaptureAt(L).emplace(runtime.loop(), std::move(launched->spawned),
                       Capture::Pipes{std::move(ends[0]), std::move(ends[1]),
                                      std::move(ends[2])},
                       runtime.scratch(), std::move(options));
  return 0;
}

// In a task that was cancelled before, or with a token that was, nothing is
// begun. True if it was; else the results are pushed.
bool BeginCapture(lua_State* L, LuaTask& task) {
  Runtime& runtime = Runtime::Of(L);
  if (task.cancel_pending()) RaiseCancelled(L, task);
  CancelToken* const token =
      lua_isnil(L, kToken) ? nullptr : TestToken(L, kToken);
  if (token != nullptr && token->cancelled()) {
    return PushError(L, CancelledError()), false;
  }
  // The token lives at least as long as what waits for it.
  ObjectKind::PushBox(L, 1);
  lua_pushvalue(L, kToken);
  lua_setiuservalue(L, -2, 1);
  runtime.capture_kind.Fill(L, new LuaCapture(runtime, task));
  lua_replace(L, kCapture);
  const auto& plan = *static_cast<CapturePlan*>(lua_touserdata(L, kPlan));
  return Begin(L, runtime, plan, token) == 0;
}

LuaStep CaptureStep(lua_State* L, LuaTask& task, bool resumed) {
  const int top = lua_gettop(L);
  if (!resumed && !BeginCapture(L, task)) {
    return LuaStep::Done(lua_gettop(L) - top);
  }
  std::optional<Capture>& capture = CaptureAt(L);
  // The run has ended, and so will this.
  if (!capture.has_value()) return Failed(L, "closed");
  if (task.cancel_pending()) capture->Cancel();
  const Step step = capture->Wait();
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  if (step.failed() && CancelledWithTask(L, task, *capture)) {
    capture.reset();
    RaiseCancelled(L, task);
  }
  int results = 1;
  if (step.failed()) results += PushError(L, capture->error());
  PushCaptured(L, *capture);
  capture.reset();
  return LuaStep::Done(results);
}

constexpr Verb kVerb = {.name = "lev.exec_capture",
                        .wait = kWait,
                        .step = CaptureStep,
                        .give_up = EndCapture,
                        .uninterruptible = true};

int ExecCapture(lua_State* L) {
  static_assert(std::is_trivially_destructible_v<CapturePlan>);
  const CapturePlan plan = CheckCapture(L);
  void* const memory = lua_newuserdatauv(L, sizeof(CapturePlan), 0);
  new (memory) CapturePlan(plan);
  lua_pushnil(L);
  lua_pushinteger(L, kNever);
  lua_pushnil(L);
  return Drive(L, Runtime::Of(L), kVerb);
}

constexpr luaL_Reg kMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::capture_kind, LuaCapture>}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"exec_capture", ExecCapture},
                                   {nullptr, nullptr}};

}  // namespace

void OpenCaptures(lua_State* L, Runtime& runtime) {
  runtime.capture_kind.Register(L, "lev.capture", kMethods, kMeta);
  AddFunctions(L, kFunctions);
  AddTwins(L, {"exec_capture"});
}

}  // namespace lev::lua
