#include "lev/lua/lua_dump.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"
#include "lev/observe/task_dump.h"
#include "lev/observe/task_walk.h"

namespace lev::lua {
namespace {

// While one lives, no finalizer runs.
class CollectorPause {
 public:
  explicit CollectorPause(lua_State* L)
      : L_(L), ran_(lua_gc(L, LUA_GCISRUNNING) == 1) {
    if (ran_) lua_gc(L_, LUA_GCSTOP);
  }
  ~CollectorPause() {
    if (ran_) lua_gc(L_, LUA_GCRESTART);
  }
  CollectorPause(const CollectorPause&) = delete;
  CollectorPause& operator=(const CollectorPause&) = delete;

 private:
  lua_State* const L_;
  const bool ran_;
};

// As coroutine.status says it of the task's coroutine.
const char* StatusOf(const Runtime& runtime, const LuaTask& task,
                     lua_State* here) {
  lua_State* const thread = task.thread();
  if (thread == nullptr) return "suspended";  // Not begun.
  if (&task == runtime.current()) {
    return thread == here ? "running" : "normal";
  }
  lua_Debug frame;
  switch (lua_status(thread)) {
    case LUA_YIELD:
      return "suspended";
    case LUA_OK:  // It is being unwound; or its coroutine was closed.
      return lua_getstack(thread, 0, &frame) != 0 ? "normal" : "dead";
    default:
      return "dead";
  }
}

// What `verb`, which is suspended on `thread`, was called on.
std::string ObjectOf(lua_State* thread, const Verb& verb) {
  std::string text;
  if (!lua_checkstack(thread, LUA_MINSTACK)) return text;
  if (verb.describe != nullptr) return verb.describe(thread);
  for (int i = 1; text.empty() && i <= lua_gettop(thread); ++i) {
    text = ObjectKind::DescribeBoxed(thread, i);
  }
  return text;
}

// Adds what only lev knows of a wait.
void Complete(const LuaTask& task, TaskWait& wait) {
  lua_State* const thread = task.thread();
  wait.since =
      static_cast<double>(task.loop().FreshNow() - task.waiting_since()) /
      kSecond;
  if (thread == nullptr || lua_status(thread) != LUA_YIELD) return;
  if (task.verb() == nullptr) {
    wait.verb = "coroutine.yield";
  } else {
    wait.verb = task.verb()->name;
    wait.object = ObjectOf(task.innermost(), *task.verb());
  }
}

// A host's coroutines are tasks, too, of which lev knows no more.
TaskInfo LookAtOther(const Task& task) {
  TaskInfo info = Describe(task);
  info.co_status = "suspended";
  return info;
}

TaskInfo LookAt(Runtime& runtime, const LuaTask& task, lua_State* here) {
  TaskInfo info = Describe(task);
  info.detached = task.detached();
  info.co_status = StatusOf(runtime, task, here);
  info.spawned_at = std::string(runtime.sites().Describe(task.site()));
  if (info.wait.has_value()) Complete(task, *info.wait);
  return info;
}

// Protected.
int PushTraceback(lua_State* L) {
  auto* const thread = static_cast<lua_State*>(lua_touserdata(L, 1));
  luaL_traceback(L, thread, nullptr, 0);
  return 1;
}

constexpr char kInResumed[] = "\nin a coroutine that the task has resumed:\n";

std::string TracebackSuspended(Runtime& runtime, const LuaTask& task) {
  std::string text = TracebackOf(runtime, task.innermost());
  if (task.guest() == nullptr) return text;
  return absl::StrCat(text, kInResumed, TracebackOf(runtime, task.thread()));
}

bool IsWanted(const TaskInfo& info, Tracebacks tracebacks) {
  switch (tracebacks) {
    case Tracebacks::kNone:
      return false;
    case Tracebacks::kSuspended:
      return info.co_status == "suspended";
    case Tracebacks::kAll:
      return true;
  }
  return false;
}

}  // namespace

std::string TracebackOf(Runtime& runtime, lua_State* thread) {
  lua_State* const L = runtime.host();
  if (!lua_checkstack(L, LUA_MINSTACK)) return "";
  const CollectorPause pause(L);
  std::string text;
  if (runtime.Protect(PushTraceback, thread, 1)) text = lua_tostring(L, -1);
  lua_pop(L, 1);
  return text;
}

std::string TracebackHere(Runtime& runtime, lua_State* here) {
  const LuaTask* const task = runtime.current();
  std::string text = TracebackOf(runtime, here);
  if (task == nullptr || task->thread() == here) return text;
  return absl::StrCat(text, kInResumed, TracebackOf(runtime, task->thread()));
}

std::vector<TaskInfo> LookAtTasks(Runtime& runtime, lua_State* here,
                                  Tracebacks tracebacks) {
  const CollectorPause pause(runtime.host());
  std::vector<const Task*> tasks;
  const auto add = [&](const Task& task) { tasks.push_back(&task); };
  ForEachTask(runtime.root(), add);
  if (runtime.hosts_root() != nullptr) ForEachTask(*runtime.hosts_root(), add);
  std::sort(tasks.begin(), tasks.end(),
            [](const Task* a, const Task* b) { return a->id() < b->id(); });
  std::vector<TaskInfo> infos;
  infos.reserve(tasks.size());
  for (const Task* const any : tasks) {
    const auto* const task = dynamic_cast<const LuaTask*>(any);
    if (task == nullptr) {
      infos.push_back(LookAtOther(*any));
      continue;
    }
    TaskInfo info = LookAt(runtime, *task, here);
    if (runtime.test_bed() != nullptr) {
      info.host = runtime.test_bed()->HostOf(task).name();
    }
    if (task->thread() != nullptr && IsWanted(info, tracebacks)) {
      info.traceback = task == runtime.current()
                           ? TracebackHere(runtime, here)
                           : TracebackSuspended(runtime, *task);
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

void PrintDump(Runtime& runtime, lua_State* here, DumpFormat format) {
  const std::vector<TaskInfo> tasks =
      LookAtTasks(runtime, here, Tracebacks::kAll);
  const std::string text =
      format == DumpFormat::kJson ? FormatJson(tasks) : FormatText(tasks);
  runtime.logger().Print(runtime, text);
}

}  // namespace lev::lua
