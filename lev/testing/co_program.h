// Programs in memory that are coroutines.
//
//   SetProgram(world.host(), "git", world.root(),
//              [](ScriptedProcess& process) -> Co<int> {
//                co_await Send(process.output(), "up to date\n");
//                co_return 0;
//              });
//
// From then on who starts "git" on that host (Spawn and RunAndCapture with
// host.processes().own()) runs this, as a task of the scope. What it returns is
// its exit code. A signal that ends it aborts the task, unless it has taken the
// signal: with a SignalSource that is given process.calls().

#ifndef LEV_TESTING_CO_PROGRAM_H_
#define LEV_TESTING_CO_PROGRAM_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/loop/event_loop.h"
#include "lev/net/connection.h"
#include "lev/proc/process_calls.h"
#include "lev/task/co.h"
#include "lev/task/scope.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_process.h"

namespace lev {

// What a program is given, for as long as it runs.
class ScriptedProcess {
 public:
  ScriptedProcess(EventLoop& loop, MemoryProcess& process,
                  absl::Span<char> scratch);

  pid_t pid() const { return process_.pid(); }
  // Without the program's own name.
  absl::Span<const std::string> args() const;
  // "NAME=value".
  const std::vector<std::string>& env() const { return process_.env(); }
  const std::string& cwd() const { return process_.cwd(); }

  Connection& input() { return input_; }
  Connection& output() { return output_; }
  Connection& errors() { return errors_; }

  // For its own children and signals.
  ProcessCalls& calls() { return process_; }

 private:
  MemoryProcess& process_;
  Connection input_;
  Connection output_;
  Connection errors_;
};

using ProgramBody = absl::AnyInvocable<Co<int>(ScriptedProcess&)>;

// `scope` outlives what is started on the host.
void SetProgram(MemoryHost& host, absl::string_view name, Scope& scope,
                ProgramBody body);

}  // namespace lev

#endif  // LEV_TESTING_CO_PROGRAM_H_
