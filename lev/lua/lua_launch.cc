#include "lev/lua/lua_launch.h"

#include <string>
#include <utility>
#include <vector>

#include "lev/net/error.h"

namespace lev::lua {
namespace {

using Kind = StdioChoice::Kind;

std::string Text(lua_State* L, int index) {
  size_t size;
  const char* const data = lua_tolstring(L, index, &size);
  return std::string(data, size);
}

// The texts of the list at `index`, behind those that are there.
void AddTexts(lua_State* L, int index, std::vector<std::string>& texts) {
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, index));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    texts.push_back(Text(L, -1));
    lua_pop(L, 1);
  }
}

SpawnOptions ToSpawnOptions(lua_State* L, const ExecPlan& plan) {
  SpawnOptions options;
  options.program = Text(L, ExecPlan::kPath);
  options.argv.push_back(options.program);
  AddTexts(L, ExecPlan::kArgs, options.argv);
  if (!lua_isnil(L, ExecPlan::kEnv)) {
    options.env.emplace();
    AddTexts(L, ExecPlan::kEnv, *options.env);
  }
  if (!lua_isnil(L, ExecPlan::kCwd)) options.cwd = Text(L, ExecPlan::kCwd);
  options.new_group = plan.new_group;
  options.new_session = plan.terminal;
  if (plan.uid >= 0) options.uid = static_cast<uid_t>(plan.uid);
  if (plan.gid >= 0) options.gid = static_cast<gid_t>(plan.gid);
  options.limits.assign(plan.limits, plan.limits + plan.limit_count);
  options.death_signal = plan.death_signal;
  return options;
}

// The child's descriptor number `i`; `ours` becomes the other end, if any.
absl::StatusOr<OwnedFd> OpenStdio(lua_State* L, const StdioChoice& choice,
                                  int i, ProcessCalls& calls, OwnedFd& ours) {
  if (choice.kind == Kind::kNull) return OpenNull();
  if (choice.kind == Kind::kFile) {
    return OpenFile(Text(L, ExecPlan::kFiles + i), choice.mode);
  }
  absl::StatusOr<Pipe> pipe =
      i == 0 ? OpenPipeToChild(calls) : OpenPipeFromChild(calls);
  if (!pipe.ok()) return pipe.status();
  ours = std::move(pipe->ours);
  return std::move(pipe->childs);
}

}  // namespace

absl::StatusOr<Launched> Launch(lua_State* L, const ExecPlan& plan,
                                ProcessCalls& calls) {
  SpawnOptions options = ToSpawnOptions(L, plan);
  Launched launched;
  Pty pty;
  if (plan.terminal) {
    absl::StatusOr<Pty> opened = calls.OpenPty(plan.size);
    if (!opened.ok()) return opened.status();
    pty = *std::move(opened);
    options.terminal = pty.terminal.get();
  }
  OwnedFd childs[3];
  for (int i = 0; i < 3; ++i) {
    const StdioChoice& choice = plan.stdio[i];
    int& fd = options.stdio[i];
    if (choice.kind == Kind::kInherit) continue;
    if (choice.kind == Kind::kTerminal) {
      fd = pty.terminal.get();
    } else if (choice.kind == Kind::kOutput) {
      fd = options.stdio[1];
    } else if (choice.kind == Kind::kFd) {
      fd = choice.fd;
    } else {
      absl::StatusOr<OwnedFd> opened =
          OpenStdio(L, choice, i, calls, launched.ends[i]);
      if (!opened.ok()) return WithDetail(opened.status(), StdioName(i));
      childs[i] = *std::move(opened);
      fd = childs[i].get();
    }
  }
  absl::StatusOr<Spawned> spawned = Spawn(options, calls);
  if (!spawned.ok()) return spawned.status();
  launched.spawned = *std::move(spawned);
  launched.terminal = std::move(pty.ours);
  return launched;
}

}  // namespace lev::lua
